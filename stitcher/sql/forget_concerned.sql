-- Removes the notes on an import that is undone.
-- Binds workspace, import_id.
DELETE FROM undoing
WHERE workspace = {workspace:String} AND import_id = {import_id:String}
