-- Part `carriers`: touchpoints inside the range with the value of a column, an empty one included.
-- Reads part `owned`.
-- Gives: owner (the identifier), ms, seq, event_id, account, carried.
-- Binds: carried Identifier (a column of touchpoints), from Int64, to Int64.
SELECT
    owner, toUnixTimestamp64Milli(at) AS ms, seq, event_id, account, toString({carried:Identifier}) AS carried
FROM owned
WHERE NOT bot AND ms >= {from:Int64} AND ms < {to:Int64}
