-- Removes the copies of what imports brought that were received before a time.
-- Binds workspace, before (ms).
DELETE FROM spares
WHERE workspace = {workspace:String} AND stamp < fromUnixTimestamp64Milli({before:Int64})
