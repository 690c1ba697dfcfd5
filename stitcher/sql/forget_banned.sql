-- Removes what was banned in a retired generation.
-- Binds workspace, generation.
DELETE FROM banned WHERE workspace = {workspace:String} AND generation = {generation:UInt32}
