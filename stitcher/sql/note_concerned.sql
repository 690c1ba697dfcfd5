-- Notes the identifiers that an import's touchpoints and links name.
-- Binds workspace, import_id, asked (ms).
INSERT INTO undoing (workspace, import_id, identifier)
SELECT DISTINCT {workspace:String}, {import_id:String}, key
FROM (
    SELECT identifier AS key FROM touchpoints
    WHERE workspace = {workspace:String} AND import_id = {import_id:String}
        AND toUnixTimestamp64Milli(stamp) <= {asked:Int64}
    UNION ALL
    SELECT node AS key FROM links
    WHERE workspace = {workspace:String} AND import_id = {import_id:String}
        AND toUnixTimestamp64Milli(stamp) <= {asked:Int64}
)
