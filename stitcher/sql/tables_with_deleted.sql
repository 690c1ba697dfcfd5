-- Which of some tables have parts in which deleted rows still stand.
-- Binds tables.
SELECT DISTINCT table
FROM system.parts
WHERE database = currentDatabase() AND active AND has_lightweight_delete AND table IN {tables:Array(String)}
ORDER BY table
