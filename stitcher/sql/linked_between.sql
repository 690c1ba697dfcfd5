-- The next identifiers above a given one that any link names, in order.
-- Binds workspace, above, count.
SELECT DISTINCT node
FROM links
WHERE workspace = {workspace:String} AND node > {above:UInt64}
ORDER BY node
LIMIT {count:UInt32}
