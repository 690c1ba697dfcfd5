-- Answers: by which rules links between some identifiers and some others were refused.
-- Gives: rule.
-- Binds: workspace String, generation UInt32, identifiers Array(UInt64), others Array(UInt64).
SELECT DISTINCT refusal.2 AS rule
FROM identities FINAL
ARRAY JOIN arrayZip(refused_other, refused_rule) AS refusal
WHERE workspace = {workspace:String} AND generation = {generation:UInt32}
    AND identifier IN {identifiers:Array(UInt64)} AND refusal.1 IN {others:Array(UInt64)}
ORDER BY rule
