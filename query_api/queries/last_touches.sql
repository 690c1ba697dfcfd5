-- Answers: which touchpoint was the last of certain customers at certain times, of each account that they name.
-- Reads part `touches`.
-- `/*and stored*/` stands for stored_under.sql, where no identifier is banned.
-- Gives: customer, ms, account (empty: of those that name none), place (by which they are in order), event, channel.
-- Binds: customers Array(UInt64), moments Array(Int64) (ms).
SELECT
    customer, ms, account,
    max((seq, event_id)) AS place, argMax(event, (seq, event_id)), argMax(channel, (seq, event_id))
FROM touches
WHERE ms IN {moments:Array(Int64)} AND customer IN {customers:Array(UInt64)} /*and stored*/
GROUP BY customer, ms, account
