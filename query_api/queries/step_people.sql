-- Answers: who did a step of the funnel, those that arrived last first, from a place on; before them, whom statements
-- cannot decide is counted in one row of its own.
-- Reads part `counted`.
-- Gives: hard (how many), arrived (ms), whose, journey, unit_account, customer (who did the step).
-- Binds: step UInt8 (from 1), dropped Bool (only those that got no further), any_group Bool, group String, limit UInt32,
-- and the unit before the first: after_arrived Int64, after_customer UInt64, after_number UInt32, after_account String.
SELECT
    hard_ones, arrived, whose, journey, unit_account, customer
FROM
(
    SELECT
        hard * 1 AS hard_ones, reached[{step:UInt8}] * (NOT hard) AS arrived,
        whose, journey, unit_account, customers[filled[{step:UInt8}]] * (NOT hard) AS customer
    FROM counted
    WHERE hard OR (
        length(reached) >= {step:UInt8} AND (NOT {dropped:Bool} OR length(reached) = {step:UInt8})
        AND ({any_group:Bool} OR value = {group:String})
    )
) AS found
WHERE hard_ones = 1
    OR arrived < {after_arrived:Int64}
    OR (
        arrived = {after_arrived:Int64}
        AND (whose, journey, unit_account)
            > ({after_customer:UInt64}, {after_number:UInt32}, {after_account:String})
    )
ORDER BY hard_ones DESC, arrived DESC, whose, journey, unit_account
LIMIT 1 BY if(hard_ones = 1, (0::UInt64, 0::UInt32, ''), (whose, journey, unit_account))
LIMIT {limit:UInt32}
