-- The types of some identifiers.
-- Binds workspace, nodes.
SELECT identifier, any(type)
FROM identifiers
WHERE workspace = {workspace:String} AND identifier IN {nodes:Array(UInt64)}
GROUP BY identifier
