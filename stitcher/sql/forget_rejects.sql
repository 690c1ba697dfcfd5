-- Delete the refused events of a workspace that are older than a time. Binds workspace, before (ms).
DELETE FROM rejects
WHERE workspace = {workspace:String} AND stamp < fromUnixTimestamp64Milli({before:Int64}, 'UTC')
