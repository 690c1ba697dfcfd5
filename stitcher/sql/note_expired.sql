-- Notes the identifiers that touchpoints of before a time name: whose journeys have to be folded again without them.
-- Binds workspace, id, before (ms).
INSERT INTO erasing (workspace, id, identifier)
SELECT DISTINCT {workspace:String}, {id:String}, arrayJoin(arrayConcat(identifiers, [identifier]))
FROM touchpoints
WHERE workspace = {workspace:String} AND at < fromUnixTimestamp64Milli({before:Int64})
