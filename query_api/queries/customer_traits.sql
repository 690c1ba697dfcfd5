-- Answers: the traits that a customer's touchpoints carry, oldest first.
-- Reads part `owned`.
-- Gives: traits (JSON object).
-- Binds: stored Array(UInt64) (the identifiers under which touchpoints of the customer may lie), and per span of the
-- customer's identifiers: identifiers Array(UInt64), since Array(Int64), until Array(Int64) (ms, excluded).
SELECT traits
FROM owned
INNER JOIN
(
    SELECT span.1 AS owner, span.2 AS since, span.3 AS until
    FROM (SELECT arrayJoin(arrayZip({identifiers:Array(UInt64)}, {since:Array(Int64)}, {until:Array(Int64)})) AS span)
) AS spans USING (owner)
WHERE identifier IN {stored:Array(UInt64)} AND NOT bot AND traits != ''
    AND toUnixTimestamp64Milli(at) >= since AND toUnixTimestamp64Milli(at) < until
ORDER BY at, seq, event_id
