-- Answers: what the events were that made some links.
-- Gives: event_id, id, event.
-- Binds: workspace String, identifiers Array(UInt64) (under which their touchpoints may lie), times Array(Int64) (ms),
-- events Array(String) (hex).
SELECT event_id, any(id), any(event)
FROM touchpoints
WHERE workspace = {workspace:String} AND identifier IN {identifiers:Array(UInt64)}
    AND at IN (SELECT fromUnixTimestamp64Milli(arrayJoin({times:Array(Int64)}), 'UTC'))
    AND event_id IN (SELECT toFixedString(unhex(arrayJoin({events:Array(String)})), 16))
GROUP BY event_id
