-- Part `lives`: customers with a touchpoint in a range, as they were at its end.
-- Reads part `touches`.
-- Gives: customer, first_at, last_at (ms), journeys (how many had begun), worth.
-- Binds: workspace String, build UInt32, from Int64, to Int64.
SELECT customer, first_at, last_at, journeys, worth
FROM
(
    SELECT customer, min(ms) AS first_at, max(ms) AS last_at, sum(told) AS worth
    FROM
    (
        SELECT customer, ms, ifNull(value, 0) AS told, event_id
        FROM touches
        WHERE ms < {to:Int64}
        LIMIT 1 BY customer, event_id
    ) AS before
    GROUP BY customer
    HAVING last_at >= {from:Int64}
) AS told_of
INNER JOIN
(
    SELECT customer, arrayCount(began -> began < {to:Int64}, started) AS journeys
    FROM journeys FINAL
    WHERE workspace = {workspace:String} AND build = {build:UInt32} AND first_at < {to:Int64}
) AS folded USING (customer)
