-- The first of the identifiers whose journeys have to be folded again because touchpoints of theirs were too old.
-- Gives: id (of the order), identifier.
-- Binds workspace, count.
SELECT DISTINCT id, identifier
FROM erasing
WHERE workspace = {workspace:String} AND startsWith(id, 'retention-')
ORDER BY id, identifier
LIMIT {count:UInt32}
