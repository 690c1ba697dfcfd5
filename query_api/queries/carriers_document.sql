-- Part `carriers`: touchpoints whose properties or traits have a value at a path; text bare, anything else as JSON.
-- Reads part `owned`.
-- Gives: owner (the identifier), ms, seq, event_id, account, carried.
-- Binds: document Identifier (properties or traits), path Array(String).
SELECT
    owner, toUnixTimestamp64Milli(at) AS ms, seq, event_id, account,
    arrayFold((inner, key) -> JSONExtractRaw(inner, key), {path:Array(String)}, {document:Identifier}) AS found,
    if(startsWith(found, '"'), JSONExtractString(found), found) AS carried
FROM owned
WHERE NOT bot AND {document:Identifier} != '' AND found NOT IN ('', 'null')
