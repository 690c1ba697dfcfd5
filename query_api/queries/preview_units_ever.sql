-- Part `units`: each customer counts once, over all of its touchpoints.
-- Reads part `placed`, whose marks are phases.
-- Lines marked `phase N` are left out for models with fewer phases.
-- Gives: furthest, depth, t_1, t_2, … (ms when the phase was first reached, 2^63 - 1: never).
-- Binds nothing.
SELECT
    max(mark) AS furthest, furthest AS depth
    , if(furthest >= 1 AND countIf(mark = 1) > 0, minIf(ms, mark = 1), 9223372036854775807) AS t_1  -- phase 1
    , if(furthest >= 2 AND countIf(mark = 2) > 0, minIf(ms, mark = 2), 9223372036854775807) AS t_2  -- phase 2
    , if(furthest >= 3 AND countIf(mark = 3) > 0, minIf(ms, mark = 3), 9223372036854775807) AS t_3  -- phase 3
    , if(furthest >= 4 AND countIf(mark = 4) > 0, minIf(ms, mark = 4), 9223372036854775807) AS t_4  -- phase 4
    , if(furthest >= 5 AND countIf(mark = 5) > 0, minIf(ms, mark = 5), 9223372036854775807) AS t_5  -- phase 5
    , if(furthest >= 6 AND countIf(mark = 6) > 0, minIf(ms, mark = 6), 9223372036854775807) AS t_6  -- phase 6
    , if(furthest >= 7 AND countIf(mark = 7) > 0, minIf(ms, mark = 7), 9223372036854775807) AS t_7  -- phase 7
    , if(furthest >= 8 AND countIf(mark = 8) > 0, minIf(ms, mark = 8), 9223372036854775807) AS t_8  -- phase 8
    , if(furthest >= 9 AND countIf(mark = 9) > 0, minIf(ms, mark = 9), 9223372036854775807) AS t_9  -- phase 9
    , if(furthest >= 10 AND countIf(mark = 10) > 0, minIf(ms, mark = 10), 9223372036854775807) AS t_10  -- phase 10
    , if(furthest >= 11 AND countIf(mark = 11) > 0, minIf(ms, mark = 11), 9223372036854775807) AS t_11  -- phase 11
    , if(furthest >= 12 AND countIf(mark = 12) > 0, minIf(ms, mark = 12), 9223372036854775807) AS t_12  -- phase 12
    , if(furthest >= 13 AND countIf(mark = 13) > 0, minIf(ms, mark = 13), 9223372036854775807) AS t_13  -- phase 13
    , if(furthest >= 14 AND countIf(mark = 14) > 0, minIf(ms, mark = 14), 9223372036854775807) AS t_14  -- phase 14
    , if(furthest >= 15 AND countIf(mark = 15) > 0, minIf(ms, mark = 15), 9223372036854775807) AS t_15  -- phase 15
FROM placed
GROUP BY customer
