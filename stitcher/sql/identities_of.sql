-- The identities rows of some identifiers in one generation; those that were never linked have none.
-- Binds workspace, generation, nodes.
SELECT identifier, type, since, customer, members, refused_other, refused_rule, claimed
FROM identities FINAL
WHERE workspace = {workspace:String} AND identifier IN {nodes:Array(UInt64)} AND generation = {generation:UInt32}
