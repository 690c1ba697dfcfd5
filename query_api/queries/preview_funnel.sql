-- Answers: the phase funnel of an unsaved model (one row).
-- Reads part `units`.
-- Lines marked `phase N` are left out for models with fewer phases.
-- Gives: units, unmapped (units without any phase), then a tuple per phase: units that count up
-- to here, that got no further, average and median ms since the phase before (nan: nobody), and units that touched it,
-- that touched it and the first, that touched it and the one before (0 unless asked for).
-- Binds: touched Bool (whether to count who touched).
SELECT
    count() AS units_here, countIf(furthest = 0) AS unmapped
    , (countIf(depth >= 1), countIf(depth = 1), nan, nan,  -- phase 1
       countIf({touched:Bool} AND t_1 < 9223372036854775807),  -- phase 1
       countIf({touched:Bool} AND t_1 < 9223372036854775807),  -- phase 1
       countIf({touched:Bool} AND t_1 < 9223372036854775807)) AS phase_1  -- phase 1
    , (countIf(depth >= 2), countIf(depth = 2),  -- phase 2
       avgIf(t_2 - t_1, depth >= 2 AND t_2 < 9223372036854775807 AND t_2 >= t_1),  -- phase 2
       quantileExactInclusiveIf(0.5)(t_2 - t_1, depth >= 2 AND t_2 < 9223372036854775807 AND t_2 >= t_1),  -- phase 2
       countIf({touched:Bool} AND t_2 < 9223372036854775807),  -- phase 2
       countIf({touched:Bool} AND t_2 < 9223372036854775807 AND t_1 < 9223372036854775807),  -- phase 2
       countIf({touched:Bool} AND t_2 < 9223372036854775807 AND t_1 < 9223372036854775807)) AS phase_2  -- phase 2
    , (countIf(depth >= 3), countIf(depth = 3),  -- phase 3
       avgIf(t_3 - t_2, depth >= 3 AND t_3 < 9223372036854775807 AND t_3 >= t_2),  -- phase 3
       quantileExactInclusiveIf(0.5)(t_3 - t_2, depth >= 3 AND t_3 < 9223372036854775807 AND t_3 >= t_2),  -- phase 3
       countIf({touched:Bool} AND t_3 < 9223372036854775807),  -- phase 3
       countIf({touched:Bool} AND t_3 < 9223372036854775807 AND t_1 < 9223372036854775807),  -- phase 3
       countIf({touched:Bool} AND t_3 < 9223372036854775807 AND t_2 < 9223372036854775807)) AS phase_3  -- phase 3
    , (countIf(depth >= 4), countIf(depth = 4),  -- phase 4
       avgIf(t_4 - t_3, depth >= 4 AND t_4 < 9223372036854775807 AND t_4 >= t_3),  -- phase 4
       quantileExactInclusiveIf(0.5)(t_4 - t_3, depth >= 4 AND t_4 < 9223372036854775807 AND t_4 >= t_3),  -- phase 4
       countIf({touched:Bool} AND t_4 < 9223372036854775807),  -- phase 4
       countIf({touched:Bool} AND t_4 < 9223372036854775807 AND t_1 < 9223372036854775807),  -- phase 4
       countIf({touched:Bool} AND t_4 < 9223372036854775807 AND t_3 < 9223372036854775807)) AS phase_4  -- phase 4
    , (countIf(depth >= 5), countIf(depth = 5),  -- phase 5
       avgIf(t_5 - t_4, depth >= 5 AND t_5 < 9223372036854775807 AND t_5 >= t_4),  -- phase 5
       quantileExactInclusiveIf(0.5)(t_5 - t_4, depth >= 5 AND t_5 < 9223372036854775807 AND t_5 >= t_4),  -- phase 5
       countIf({touched:Bool} AND t_5 < 9223372036854775807),  -- phase 5
       countIf({touched:Bool} AND t_5 < 9223372036854775807 AND t_1 < 9223372036854775807),  -- phase 5
       countIf({touched:Bool} AND t_5 < 9223372036854775807 AND t_4 < 9223372036854775807)) AS phase_5  -- phase 5
    , (countIf(depth >= 6), countIf(depth = 6),  -- phase 6
       avgIf(t_6 - t_5, depth >= 6 AND t_6 < 9223372036854775807 AND t_6 >= t_5),  -- phase 6
       quantileExactInclusiveIf(0.5)(t_6 - t_5, depth >= 6 AND t_6 < 9223372036854775807 AND t_6 >= t_5),  -- phase 6
       countIf({touched:Bool} AND t_6 < 9223372036854775807),  -- phase 6
       countIf({touched:Bool} AND t_6 < 9223372036854775807 AND t_1 < 9223372036854775807),  -- phase 6
       countIf({touched:Bool} AND t_6 < 9223372036854775807 AND t_5 < 9223372036854775807)) AS phase_6  -- phase 6
    , (countIf(depth >= 7), countIf(depth = 7),  -- phase 7
       avgIf(t_7 - t_6, depth >= 7 AND t_7 < 9223372036854775807 AND t_7 >= t_6),  -- phase 7
       quantileExactInclusiveIf(0.5)(t_7 - t_6, depth >= 7 AND t_7 < 9223372036854775807 AND t_7 >= t_6),  -- phase 7
       countIf({touched:Bool} AND t_7 < 9223372036854775807),  -- phase 7
       countIf({touched:Bool} AND t_7 < 9223372036854775807 AND t_1 < 9223372036854775807),  -- phase 7
       countIf({touched:Bool} AND t_7 < 9223372036854775807 AND t_6 < 9223372036854775807)) AS phase_7  -- phase 7
    , (countIf(depth >= 8), countIf(depth = 8),  -- phase 8
       avgIf(t_8 - t_7, depth >= 8 AND t_8 < 9223372036854775807 AND t_8 >= t_7),  -- phase 8
       quantileExactInclusiveIf(0.5)(t_8 - t_7, depth >= 8 AND t_8 < 9223372036854775807 AND t_8 >= t_7),  -- phase 8
       countIf({touched:Bool} AND t_8 < 9223372036854775807),  -- phase 8
       countIf({touched:Bool} AND t_8 < 9223372036854775807 AND t_1 < 9223372036854775807),  -- phase 8
       countIf({touched:Bool} AND t_8 < 9223372036854775807 AND t_7 < 9223372036854775807)) AS phase_8  -- phase 8
    , (countIf(depth >= 9), countIf(depth = 9),  -- phase 9
       avgIf(t_9 - t_8, depth >= 9 AND t_9 < 9223372036854775807 AND t_9 >= t_8),  -- phase 9
       quantileExactInclusiveIf(0.5)(t_9 - t_8, depth >= 9 AND t_9 < 9223372036854775807 AND t_9 >= t_8),  -- phase 9
       countIf({touched:Bool} AND t_9 < 9223372036854775807),  -- phase 9
       countIf({touched:Bool} AND t_9 < 9223372036854775807 AND t_1 < 9223372036854775807),  -- phase 9
       countIf({touched:Bool} AND t_9 < 9223372036854775807 AND t_8 < 9223372036854775807)) AS phase_9  -- phase 9
    , (countIf(depth >= 10), countIf(depth = 10),  -- phase 10
       avgIf(t_10 - t_9, depth >= 10 AND t_10 < 9223372036854775807 AND t_10 >= t_9),  -- phase 10
       quantileExactInclusiveIf(0.5)(t_10 - t_9, depth >= 10 AND t_10 < 9223372036854775807 AND t_10 >= t_9),  -- phase 10
       countIf({touched:Bool} AND t_10 < 9223372036854775807),  -- phase 10
       countIf({touched:Bool} AND t_10 < 9223372036854775807 AND t_1 < 9223372036854775807),  -- phase 10
       countIf({touched:Bool} AND t_10 < 9223372036854775807 AND t_9 < 9223372036854775807)) AS phase_10  -- phase 10
    , (countIf(depth >= 11), countIf(depth = 11),  -- phase 11
       avgIf(t_11 - t_10, depth >= 11 AND t_11 < 9223372036854775807 AND t_11 >= t_10),  -- phase 11
       quantileExactInclusiveIf(0.5)(t_11 - t_10, depth >= 11 AND t_11 < 9223372036854775807 AND t_11 >= t_10),  -- phase 11
       countIf({touched:Bool} AND t_11 < 9223372036854775807),  -- phase 11
       countIf({touched:Bool} AND t_11 < 9223372036854775807 AND t_1 < 9223372036854775807),  -- phase 11
       countIf({touched:Bool} AND t_11 < 9223372036854775807 AND t_10 < 9223372036854775807)) AS phase_11  -- phase 11
    , (countIf(depth >= 12), countIf(depth = 12),  -- phase 12
       avgIf(t_12 - t_11, depth >= 12 AND t_12 < 9223372036854775807 AND t_12 >= t_11),  -- phase 12
       quantileExactInclusiveIf(0.5)(t_12 - t_11, depth >= 12 AND t_12 < 9223372036854775807 AND t_12 >= t_11),  -- phase 12
       countIf({touched:Bool} AND t_12 < 9223372036854775807),  -- phase 12
       countIf({touched:Bool} AND t_12 < 9223372036854775807 AND t_1 < 9223372036854775807),  -- phase 12
       countIf({touched:Bool} AND t_12 < 9223372036854775807 AND t_11 < 9223372036854775807)) AS phase_12  -- phase 12
    , (countIf(depth >= 13), countIf(depth = 13),  -- phase 13
       avgIf(t_13 - t_12, depth >= 13 AND t_13 < 9223372036854775807 AND t_13 >= t_12),  -- phase 13
       quantileExactInclusiveIf(0.5)(t_13 - t_12, depth >= 13 AND t_13 < 9223372036854775807 AND t_13 >= t_12),  -- phase 13
       countIf({touched:Bool} AND t_13 < 9223372036854775807),  -- phase 13
       countIf({touched:Bool} AND t_13 < 9223372036854775807 AND t_1 < 9223372036854775807),  -- phase 13
       countIf({touched:Bool} AND t_13 < 9223372036854775807 AND t_12 < 9223372036854775807)) AS phase_13  -- phase 13
    , (countIf(depth >= 14), countIf(depth = 14),  -- phase 14
       avgIf(t_14 - t_13, depth >= 14 AND t_14 < 9223372036854775807 AND t_14 >= t_13),  -- phase 14
       quantileExactInclusiveIf(0.5)(t_14 - t_13, depth >= 14 AND t_14 < 9223372036854775807 AND t_14 >= t_13),  -- phase 14
       countIf({touched:Bool} AND t_14 < 9223372036854775807),  -- phase 14
       countIf({touched:Bool} AND t_14 < 9223372036854775807 AND t_1 < 9223372036854775807),  -- phase 14
       countIf({touched:Bool} AND t_14 < 9223372036854775807 AND t_13 < 9223372036854775807)) AS phase_14  -- phase 14
    , (countIf(depth >= 15), countIf(depth = 15),  -- phase 15
       avgIf(t_15 - t_14, depth >= 15 AND t_15 < 9223372036854775807 AND t_15 >= t_14),  -- phase 15
       quantileExactInclusiveIf(0.5)(t_15 - t_14, depth >= 15 AND t_15 < 9223372036854775807 AND t_15 >= t_14),  -- phase 15
       countIf({touched:Bool} AND t_15 < 9223372036854775807),  -- phase 15
       countIf({touched:Bool} AND t_15 < 9223372036854775807 AND t_1 < 9223372036854775807),  -- phase 15
       countIf({touched:Bool} AND t_15 < 9223372036854775807 AND t_14 < 9223372036854775807)) AS phase_15  -- phase 15
FROM units
