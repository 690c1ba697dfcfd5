-- Part `spanned`: the touchpoints of one customer, who has certain identifiers from when until when; bots' included.
-- Copies of a touchpoint (the same event_id) may appear until parts are merged.
-- Reads part `owned`.
-- Gives: the columns of touchpoints, owner, ms (Int64).
-- Binds: stored Array(UInt64) (the identifiers under which touchpoints of the customer may lie), and per span of the
-- customer's identifiers: identifiers Array(UInt64), since Array(Int64), until Array(Int64) (ms, excluded).
SELECT *, toUnixTimestamp64Milli(at) AS ms
FROM owned
INNER JOIN
(
    SELECT span.1 AS owner, span.2 AS since, span.3 AS until
    FROM (SELECT arrayJoin(arrayZip({identifiers:Array(UInt64)}, {since:Array(Int64)}, {until:Array(Int64)})) AS span)
) AS spans USING (owner)
WHERE identifier IN {stored:Array(UInt64)} AND ms >= since AND ms < until
