-- Removes the touchpoints that an import brought.
-- Binds workspace, import_id, asked (ms).
DELETE FROM touchpoints
WHERE workspace = {workspace:String} AND import_id = {import_id:String}
    AND toUnixTimestamp64Milli(stamp) <= {asked:Int64}
