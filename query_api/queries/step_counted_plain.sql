-- Part `counted`: as step_counted.sql, out of the numbers of step_plain.sql.
-- Reads part `plain`.
-- Lines marked `phase N` are left out for questions with fewer steps.
-- Gives: as step_counted.sql; void is false, value empty.
-- Binds nothing.
SELECT
    hard, false AS void, '' AS value, '' AS unit_account, whose, 0::UInt32 AS journey,
    arrayMap(each -> toInt64(bitShiftRight(each, 20)), arrayFilter(each -> each > 0, [
        t_1
        , t_2  -- phase 2
        , t_3  -- phase 3
        , t_4  -- phase 4
        , t_5  -- phase 5
        , t_6  -- phase 6
        , t_7  -- phase 7
        , t_8  -- phase 8
        , t_9  -- phase 9
        , t_10  -- phase 10
        , t_11  -- phase 11
        , t_12  -- phase 12
        , t_13  -- phase 13
        , t_14  -- phase 14
        , t_15  -- phase 15
        , t_16  -- phase 16
        , t_17  -- phase 17
        , t_18  -- phase 18
        , t_19  -- phase 19
        , t_20  -- phase 20
    ])) AS reached,
    [whose] AS customers, arrayMap(each -> 1, reached) AS filled
FROM plain
