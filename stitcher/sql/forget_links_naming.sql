-- Removes the links that name an erased person, or a device that was theirs alone.
-- Binds workspace, asked (ms), gone.
DELETE FROM links
WHERE workspace = {workspace:String} AND toUnixTimestamp64Milli(stamp) <= {asked:Int64}
    AND (node IN {gone:Array(UInt64)} OR other IN {gone:Array(UInt64)})
