-- Removes the notes on an erasure, up to an identifier.
-- Binds workspace, id, through.
DELETE FROM erasing
WHERE workspace = {workspace:String} AND id = {id:String} AND identifier <= {through:UInt64}
