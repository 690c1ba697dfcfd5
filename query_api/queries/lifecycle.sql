-- Answers: how many customers are where in their lives with the company, and what they are worth.
-- Reads part `lives`.
-- Gives: segment (new, active, returning, lapsing, lost), customers, value.
-- Binds: at Int64 (ms: the moment looked at), new_for Int64, gap Int64, lapsed Int64 (ms).
SELECT
    multiIf(
        {at:Int64} - last_at > {lapsed:Int64}, 'lost',
        {at:Int64} - last_at > {gap:Int64}, 'lapsing',
        {at:Int64} - first_at <= {new_for:Int64}, 'new',
        journeys > 1, 'returning',
        'active'
    ) AS segment,
    count() AS customers, sum(worth) AS value
FROM lives
GROUP BY segment
