-- Answers: the traits that a customer's touchpoints carry, oldest first.
-- Gives: traits (JSON object).
-- Binds: workspace String, and per span of the customer's identifiers: identifiers Array(UInt64),
-- since Array(Int64), until Array(Int64) (ms, excluded).
SELECT traits
FROM touchpoints
INNER JOIN
(
    SELECT span.1 AS identifier, span.2 AS since, span.3 AS until
    FROM (SELECT arrayJoin(arrayZip({identifiers:Array(UInt64)}, {since:Array(Int64)}, {until:Array(Int64)})) AS span)
) AS spans USING (identifier)
WHERE workspace = {workspace:String} AND identifier IN {identifiers:Array(UInt64)} AND NOT bot AND traits != ''
    AND toUnixTimestamp64Milli(at) >= since AND toUnixTimestamp64Milli(at) < until
ORDER BY at, seq, event_id
