-- Answers: what some identifiers are called.
-- Gives: identifier, type, value (empty for personal types).
-- Binds: workspace String, identifiers Array(UInt64).
SELECT identifier, type, value
FROM identifiers FINAL
WHERE workspace = {workspace:String} AND identifier IN {identifiers:Array(UInt64)}
ORDER BY type, value, identifier
