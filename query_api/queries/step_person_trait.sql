-- Part `persons`: the latest value of a trait, by customer.
-- Reads part `touches`.
-- `/*found*/` stands for the value of one touchpoint as JSON text, `/*place*/` for the place among the values asked for.
-- Gives: customer, place, said (text bare, anything else as JSON).
-- Binds: the parameters of the expression.
SELECT customer, /*place*/ AS place, if(startsWith(latest, '"'), JSONExtractString(latest), latest) AS said
FROM
(
    SELECT customer, argMax(found, (ms, seq, event_id)) AS latest
    FROM (SELECT customer, ms, seq, event_id, /*found*/ AS found FROM touches WHERE traits != '') AS told
    WHERE found NOT IN ('', 'null')
    GROUP BY customer
) AS latest_of_each
