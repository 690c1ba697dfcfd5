-- The decision to undo an import, with what there was of it. Run again after its touchpoints went, it adds a row that
-- gives way to the first.
-- Binds workspace, import_id, asked (ms).
INSERT INTO undone_imports (workspace, import_id, asked, touchpoints, first, last)
SELECT
    {workspace:String}, {import_id:String}, fromUnixTimestamp64Milli({asked:Int64}, 'UTC'),
    uniqExact(event_id), min(stamp), max(stamp)
FROM touchpoints
WHERE workspace = {workspace:String} AND import_id = {import_id:String}
    AND toUnixTimestamp64Milli(stamp) <= {asked:Int64}
