-- Removes the journeys of a retired build.
-- Binds workspace, build.
DELETE FROM journeys WHERE workspace = {workspace:String} AND build = {build:UInt32}
