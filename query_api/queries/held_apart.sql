-- Answers: which identifiers an operator holds apart.
-- Gives: a, b.
-- Binds: workspace String, known_until Int64 (ms: decisions of later do not count).
SELECT a, b
FROM decisions FINAL
WHERE workspace = {workspace:String} AND kind = 'apart' AND asked <= {known_until:Int64}
    AND (taken_back = 0 OR taken_back > {known_until:Int64})
