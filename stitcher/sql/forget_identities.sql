-- Removes the identities of a retired generation.
-- Binds workspace, generation.
DELETE FROM identities WHERE workspace = {workspace:String} AND generation = {generation:UInt32}
