-- Answers: which banned identifiers events named together with some others: under them lie touchpoints that may belong
-- to those.
-- Gives: identifier.
-- Binds: workspace String, generation UInt32, identifiers Array(UInt64).
SELECT DISTINCT other
FROM links
WHERE workspace = {workspace:String} AND node IN {identifiers:Array(UInt64)}
    AND other IN (
        SELECT identifier FROM banned FINAL
        WHERE workspace = {workspace:String} AND generation = {generation:UInt32} AND held)
