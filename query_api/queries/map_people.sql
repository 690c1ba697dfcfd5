-- Answers: the customers who were met in one channel in one phase, those who came last first.
-- Reads part `met`.
-- Gives: customer, reached (ms, of the first touchpoint here), last (ms), event (of the last one).
-- Binds: channel String, position UInt8, most UInt32, skipped UInt64.
SELECT customer, min(met_at) AS reached, max(met_at) AS last, argMax(what, (met_at, event_id)) AS event
FROM met
WHERE met_in = {channel:String} AND position = {position:UInt8}
GROUP BY customer
ORDER BY reached DESC, customer
LIMIT {most:UInt32} OFFSET {skipped:UInt64}
