-- Removes, in every generation, the identities rows of erased identifiers that belong together with nothing.
-- Binds workspace, gone.
DELETE FROM identities
WHERE workspace = {workspace:String} AND identifier IN {gone:Array(UInt64)}
