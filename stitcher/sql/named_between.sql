-- The next identifiers of a workspace above a given one, with what is kept of their values; in order.
-- Binds workspace, above, count.
SELECT identifier, type, value
FROM identifiers FINAL
WHERE workspace = {workspace:String} AND identifier > {above:UInt64}
ORDER BY identifier
LIMIT {count:UInt32}
