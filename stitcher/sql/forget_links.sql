-- Removes the links that an import brought.
-- Binds workspace, import_id, asked (ms).
DELETE FROM links
WHERE workspace = {workspace:String} AND import_id = {import_id:String}
    AND toUnixTimestamp64Milli(stamp) <= {asked:Int64}
