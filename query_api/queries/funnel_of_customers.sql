-- Answers: the phase funnel of all customers over all their journeys, from scalar columns alone (one row).
-- Lines marked `phase N` are left out for models with fewer phases.
-- Gives: value and period (empty), units, unmapped (customers without any phase), then a tuple per phase: customers
-- that reached it or a later one, that got no further, average and median ms since the phase before, and customers
-- that touched it, that touched it and the first, that touched it and the one before (0 unless asked for).
-- Binds: workspace String, build UInt32, touched Bool (whether to count who touched).
SELECT
    '' AS value, '' AS period, count() AS units_here,
    countIf(furthest = 0) AS unmapped
    , (countIf(furthest >= 1), countIf(furthest = 1), nan, nan,  -- phase 1
       countIf({touched:Bool} AND reached_1 >= 0),  -- phase 1
       countIf({touched:Bool} AND reached_1 >= 0),  -- phase 1
       countIf({touched:Bool} AND reached_1 >= 0)) AS phase_1  -- phase 1
    , (countIf(furthest >= 2), countIf(furthest = 2),  -- phase 2
       avgIf(reached_2 - reached_1, reached_1 >= 0 AND reached_2 >= reached_1),  -- phase 2
       quantileExactInclusiveIf(0.5)(reached_2 - reached_1, reached_1 >= 0 AND reached_2 >= reached_1),  -- phase 2
       countIf({touched:Bool} AND reached_2 >= 0),  -- phase 2
       countIf({touched:Bool} AND reached_2 >= 0 AND reached_1 >= 0),  -- phase 2
       countIf({touched:Bool} AND reached_2 >= 0 AND reached_1 >= 0)) AS phase_2  -- phase 2
    , (countIf(furthest >= 3), countIf(furthest = 3),  -- phase 3
       avgIf(reached_3 - reached_2, reached_2 >= 0 AND reached_3 >= reached_2),  -- phase 3
       quantileExactInclusiveIf(0.5)(reached_3 - reached_2, reached_2 >= 0 AND reached_3 >= reached_2),  -- phase 3
       countIf({touched:Bool} AND reached_3 >= 0),  -- phase 3
       countIf({touched:Bool} AND reached_3 >= 0 AND reached_1 >= 0),  -- phase 3
       countIf({touched:Bool} AND reached_3 >= 0 AND reached_2 >= 0)) AS phase_3  -- phase 3
    , (countIf(furthest >= 4), countIf(furthest = 4),  -- phase 4
       avgIf(reached_4 - reached_3, reached_3 >= 0 AND reached_4 >= reached_3),  -- phase 4
       quantileExactInclusiveIf(0.5)(reached_4 - reached_3, reached_3 >= 0 AND reached_4 >= reached_3),  -- phase 4
       countIf({touched:Bool} AND reached_4 >= 0),  -- phase 4
       countIf({touched:Bool} AND reached_4 >= 0 AND reached_1 >= 0),  -- phase 4
       countIf({touched:Bool} AND reached_4 >= 0 AND reached_3 >= 0)) AS phase_4  -- phase 4
    , (countIf(furthest >= 5), countIf(furthest = 5),  -- phase 5
       avgIf(reached_5 - reached_4, reached_4 >= 0 AND reached_5 >= reached_4),  -- phase 5
       quantileExactInclusiveIf(0.5)(reached_5 - reached_4, reached_4 >= 0 AND reached_5 >= reached_4),  -- phase 5
       countIf({touched:Bool} AND reached_5 >= 0),  -- phase 5
       countIf({touched:Bool} AND reached_5 >= 0 AND reached_1 >= 0),  -- phase 5
       countIf({touched:Bool} AND reached_5 >= 0 AND reached_4 >= 0)) AS phase_5  -- phase 5
    , (countIf(furthest >= 6), countIf(furthest = 6),  -- phase 6
       avgIf(reached_6 - reached_5, reached_5 >= 0 AND reached_6 >= reached_5),  -- phase 6
       quantileExactInclusiveIf(0.5)(reached_6 - reached_5, reached_5 >= 0 AND reached_6 >= reached_5),  -- phase 6
       countIf({touched:Bool} AND reached_6 >= 0),  -- phase 6
       countIf({touched:Bool} AND reached_6 >= 0 AND reached_1 >= 0),  -- phase 6
       countIf({touched:Bool} AND reached_6 >= 0 AND reached_5 >= 0)) AS phase_6  -- phase 6
    , (countIf(furthest >= 7), countIf(furthest = 7),  -- phase 7
       avgIf(reached_7 - reached_6, reached_6 >= 0 AND reached_7 >= reached_6),  -- phase 7
       quantileExactInclusiveIf(0.5)(reached_7 - reached_6, reached_6 >= 0 AND reached_7 >= reached_6),  -- phase 7
       countIf({touched:Bool} AND reached_7 >= 0),  -- phase 7
       countIf({touched:Bool} AND reached_7 >= 0 AND reached_1 >= 0),  -- phase 7
       countIf({touched:Bool} AND reached_7 >= 0 AND reached_6 >= 0)) AS phase_7  -- phase 7
    , (countIf(furthest >= 8), countIf(furthest = 8),  -- phase 8
       avgIf(reached_8 - reached_7, reached_7 >= 0 AND reached_8 >= reached_7),  -- phase 8
       quantileExactInclusiveIf(0.5)(reached_8 - reached_7, reached_7 >= 0 AND reached_8 >= reached_7),  -- phase 8
       countIf({touched:Bool} AND reached_8 >= 0),  -- phase 8
       countIf({touched:Bool} AND reached_8 >= 0 AND reached_1 >= 0),  -- phase 8
       countIf({touched:Bool} AND reached_8 >= 0 AND reached_7 >= 0)) AS phase_8  -- phase 8
    , (countIf(furthest >= 9), countIf(furthest = 9),  -- phase 9
       avgIf(reached_9 - reached_8, reached_8 >= 0 AND reached_9 >= reached_8),  -- phase 9
       quantileExactInclusiveIf(0.5)(reached_9 - reached_8, reached_8 >= 0 AND reached_9 >= reached_8),  -- phase 9
       countIf({touched:Bool} AND reached_9 >= 0),  -- phase 9
       countIf({touched:Bool} AND reached_9 >= 0 AND reached_1 >= 0),  -- phase 9
       countIf({touched:Bool} AND reached_9 >= 0 AND reached_8 >= 0)) AS phase_9  -- phase 9
    , (countIf(furthest >= 10), countIf(furthest = 10),  -- phase 10
       avgIf(reached_10 - reached_9, reached_9 >= 0 AND reached_10 >= reached_9),  -- phase 10
       quantileExactInclusiveIf(0.5)(reached_10 - reached_9, reached_9 >= 0 AND reached_10 >= reached_9),  -- phase 10
       countIf({touched:Bool} AND reached_10 >= 0),  -- phase 10
       countIf({touched:Bool} AND reached_10 >= 0 AND reached_1 >= 0),  -- phase 10
       countIf({touched:Bool} AND reached_10 >= 0 AND reached_9 >= 0)) AS phase_10  -- phase 10
    , (countIf(furthest >= 11), countIf(furthest = 11),  -- phase 11
       avgIf(reached_11 - reached_10, reached_10 >= 0 AND reached_11 >= reached_10),  -- phase 11
       quantileExactInclusiveIf(0.5)(reached_11 - reached_10, reached_10 >= 0 AND reached_11 >= reached_10),  -- phase 11
       countIf({touched:Bool} AND reached_11 >= 0),  -- phase 11
       countIf({touched:Bool} AND reached_11 >= 0 AND reached_1 >= 0),  -- phase 11
       countIf({touched:Bool} AND reached_11 >= 0 AND reached_10 >= 0)) AS phase_11  -- phase 11
    , (countIf(furthest >= 12), countIf(furthest = 12),  -- phase 12
       avgIf(reached_12 - reached_11, reached_11 >= 0 AND reached_12 >= reached_11),  -- phase 12
       quantileExactInclusiveIf(0.5)(reached_12 - reached_11, reached_11 >= 0 AND reached_12 >= reached_11),  -- phase 12
       countIf({touched:Bool} AND reached_12 >= 0),  -- phase 12
       countIf({touched:Bool} AND reached_12 >= 0 AND reached_1 >= 0),  -- phase 12
       countIf({touched:Bool} AND reached_12 >= 0 AND reached_11 >= 0)) AS phase_12  -- phase 12
    , (countIf(furthest >= 13), countIf(furthest = 13),  -- phase 13
       avgIf(reached_13 - reached_12, reached_12 >= 0 AND reached_13 >= reached_12),  -- phase 13
       quantileExactInclusiveIf(0.5)(reached_13 - reached_12, reached_12 >= 0 AND reached_13 >= reached_12),  -- phase 13
       countIf({touched:Bool} AND reached_13 >= 0),  -- phase 13
       countIf({touched:Bool} AND reached_13 >= 0 AND reached_1 >= 0),  -- phase 13
       countIf({touched:Bool} AND reached_13 >= 0 AND reached_12 >= 0)) AS phase_13  -- phase 13
    , (countIf(furthest >= 14), countIf(furthest = 14),  -- phase 14
       avgIf(reached_14 - reached_13, reached_13 >= 0 AND reached_14 >= reached_13),  -- phase 14
       quantileExactInclusiveIf(0.5)(reached_14 - reached_13, reached_13 >= 0 AND reached_14 >= reached_13),  -- phase 14
       countIf({touched:Bool} AND reached_14 >= 0),  -- phase 14
       countIf({touched:Bool} AND reached_14 >= 0 AND reached_1 >= 0),  -- phase 14
       countIf({touched:Bool} AND reached_14 >= 0 AND reached_13 >= 0)) AS phase_14  -- phase 14
    , (countIf(furthest >= 15), countIf(furthest = 15),  -- phase 15
       avgIf(reached_15 - reached_14, reached_14 >= 0 AND reached_15 >= reached_14),  -- phase 15
       quantileExactInclusiveIf(0.5)(reached_15 - reached_14, reached_14 >= 0 AND reached_15 >= reached_14),  -- phase 15
       countIf({touched:Bool} AND reached_15 >= 0),  -- phase 15
       countIf({touched:Bool} AND reached_15 >= 0 AND reached_1 >= 0),  -- phase 15
       countIf({touched:Bool} AND reached_15 >= 0 AND reached_14 >= 0)) AS phase_15  -- phase 15
FROM journeys FINAL
WHERE workspace = {workspace:String} AND build = {build:UInt32}
