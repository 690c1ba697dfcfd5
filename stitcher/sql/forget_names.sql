-- Removes the names of identifiers.
-- Binds workspace, gone.
DELETE FROM identifiers WHERE workspace = {workspace:String} AND identifier IN {gone:Array(UInt64)}
