-- Part `counted`: as step_counted.sql, out of the numbers of step_plain.sql.
-- Reads part `plain`.
-- Lines marked `each step` stand once for every step: #k is its number, #j that of the one before.
-- Gives: as step_counted.sql; void is false, value empty.
-- Binds nothing.
SELECT
    hard, false AS void, '' AS value, '' AS unit_account, whose, 0::UInt32 AS journey,
    arrayMap(each -> toInt64(bitShiftRight(each, 20)), arrayFilter(each -> each > 0, [
        t_1
        , t_#k  -- each step from 2
    ])) AS reached,
    [whose] AS customers, arrayMap(each -> 1, reached) AS filled
FROM plain
