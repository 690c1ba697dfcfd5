-- What is erased of some identifiers.
-- Binds workspaces, nodes.
SELECT DISTINCT workspace, identifier, toString(names), since, until, asked
FROM erasures
WHERE workspace IN {workspaces:Array(String)} AND identifier IN {nodes:Array(UInt64)}
