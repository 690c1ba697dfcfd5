-- The next identifiers above a given one that any link names, in order.
-- Binds workspace, above, count, known_until (ms).
SELECT DISTINCT node
FROM links
WHERE workspace = {workspace:String} AND node > {above:UInt64} AND toUnixTimestamp64Milli(stamp) <= {known_until:Int64}
ORDER BY node
LIMIT {count:UInt32}
