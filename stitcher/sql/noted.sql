-- The identifiers whose identities and journeys have to be made again without an erased person, ascending.
-- Binds workspace, id.
SELECT DISTINCT identifier
FROM erasing
WHERE workspace = {workspace:String} AND id = {id:String}
ORDER BY identifier
