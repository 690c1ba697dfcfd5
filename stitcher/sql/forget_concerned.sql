-- Removes the notes on an import that is being undone, up to an identifier.
-- Binds workspace, import_id, through.
DELETE FROM undoing
WHERE workspace = {workspace:String} AND import_id = {import_id:String} AND identifier <= {through:UInt64}
