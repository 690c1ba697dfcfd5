-- How many refused events of a workspace are older than a time. Binds workspace, before (ms).
SELECT count() FROM rejects FINAL
WHERE workspace = {workspace:String} AND stamp < fromUnixTimestamp64Milli({before:Int64}, 'UTC')
