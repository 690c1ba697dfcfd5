-- Part `condition`: the customers whose latest value of a trait passes a test.
-- Reads part `touches`.
-- `/*found*/` stands for the value of one touchpoint as JSON text, `/*test*/` for the test of `found`.
-- Gives: customer.
-- Binds: the parameters of both.
SELECT customer
FROM
(
    SELECT customer, argMax(of_touch, (ms, seq, event_id)) AS found
    FROM (SELECT customer, ms, seq, event_id, /*found*/ AS of_touch FROM touches WHERE traits != '') AS told
    WHERE of_touch NOT IN ('', 'null')
    GROUP BY customer
) AS latest
WHERE /*test*/
