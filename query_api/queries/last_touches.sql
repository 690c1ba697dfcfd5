-- Answers: which touchpoint was the last of certain customers at certain times.
-- Reads part `touches`.
-- `/*and stored*/` stands for stored_under.sql, where no identifier is banned.
-- Gives: customer, ms, event, channel.
-- Binds: customers Array(UInt64), moments Array(Int64) (ms).
SELECT customer, ms, argMax(event, (seq, event_id)), argMax(channel, (seq, event_id))
FROM touches
WHERE ms IN {moments:Array(Int64)} AND customer IN {customers:Array(UInt64)} /*and stored*/
GROUP BY customer, ms
