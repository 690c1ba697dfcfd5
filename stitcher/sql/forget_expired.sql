-- Removes the touchpoints of before a time.
-- Binds workspace, before (ms).
DELETE FROM touchpoints
WHERE workspace = {workspace:String} AND at < fromUnixTimestamp64Milli({before:Int64})
