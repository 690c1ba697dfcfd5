-- The identifiers whose identities and journeys have to be made again without an import, ascending.
-- Binds workspace, import_id.
SELECT DISTINCT identifier
FROM undoing
WHERE workspace = {workspace:String} AND import_id = {import_id:String}
ORDER BY identifier
