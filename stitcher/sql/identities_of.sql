-- The identities rows of some identifiers; those that were never linked have none.
-- Binds workspace, nodes.
SELECT identifier, type, since, customer, members, refused_other, refused_rule
FROM identities FINAL
WHERE workspace = {workspace:String} AND identifier IN {nodes:Array(UInt64)}
