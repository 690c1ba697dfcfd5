-- Answers: the links at some identifiers that a rule refused, the earliest of each identifier.
-- Gives: identifier, other, rule, event_id, left_out (how many more there are at the identifier).
-- Binds: workspace String, generation UInt32, identifiers Array(UInt64), each UInt32 (at most so many an identifier),
-- most UInt32 (in all).
SELECT
    identifier, refusal.1 AS other, refusal.2 AS rule, refusal.3 AS event_id,
    greatest(length(refused_other), {each:UInt32}) - {each:UInt32} AS left_out
FROM identities FINAL
ARRAY JOIN arraySlice(arrayZip(refused_other, refused_rule, refused_event), 1, {each:UInt32}) AS refusal
WHERE workspace = {workspace:String} AND identifier IN {identifiers:Array(UInt64)}
    AND generation = {generation:UInt32}
ORDER BY identifier, event_id, other
LIMIT {most:UInt32}
