-- Which of some identifiers any touchpoint names.
-- Binds workspace, gone.
SELECT DISTINCT arrayJoin(arrayFilter(each -> each IN {gone:Array(UInt64)}, identifiers))
FROM touchpoints
WHERE workspace = {workspace:String}
