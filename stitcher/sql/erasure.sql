-- What one order erases: spans of identifiers, and whether it is done.
-- Binds workspace, id.
SELECT identifier, toString(names), since, until, asked, done
FROM erasures FINAL
WHERE workspace = {workspace:String} AND id = {id:String}
ORDER BY identifier, since
