-- Which of some identifiers has the most touchpoints, if they are many.
-- Binds workspace, identifiers, least (touchpoints).
SELECT identifier
FROM touchpoints
WHERE workspace = {workspace:String} AND identifier IN {identifiers:Array(UInt64)}
GROUP BY identifier
HAVING count() >= {least:UInt64}
ORDER BY count() DESC, identifier
LIMIT 1
