-- Part `carriers`: touchpoints whose properties or traits have a value at a path; text bare, anything else as JSON.
-- Gives: identifier, ms, seq, event_id, carried.
-- Binds: workspace String, document Identifier (properties or traits), path Array(String).
SELECT
    identifier, toUnixTimestamp64Milli(at) AS ms, seq, event_id,
    arrayFold((inner, key) -> JSONExtractRaw(inner, key), {path:Array(String)}, {document:Identifier}) AS found,
    if(startsWith(found, '"'), JSONExtractString(found), found) AS carried
FROM touchpoints
WHERE workspace = {workspace:String} AND NOT bot AND {document:Identifier} != '' AND found NOT IN ('', 'null')
