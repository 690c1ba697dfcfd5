-- Part `stepped`: as step_touches.sql, where values of the group belong to the customer, not to the touchpoint.
-- Reads parts `touches`, `persons` (customer, place, said).
-- `/*mask*/`, `/*held*/`, `/*valued*/` as there; `persons_said[place]` is the customer's value of that place.
-- Gives: customer, ms, seq, event_id, account, mask (UInt64), held, valued.
-- Binds: since Int64, to Int64, every Bool (touchpoints that fill nothing, too); the parameters of the expressions.
SELECT
    customer, ms, seq, event_id, toString(account) AS account,
    toUInt64(/*mask*/) AS mask, toString(/*held*/) AS held, toString(/*valued*/) AS valued
FROM touches
LEFT JOIN
(
    SELECT customer, mapFromArrays(groupArray(place), groupArray(said)) AS persons_said
    FROM persons
    GROUP BY customer
) AS of_persons USING (customer)
WHERE ms >= {since:Int64} AND ms < {to:Int64} AND (mask != 0 OR {every:Bool})
