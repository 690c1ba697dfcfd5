-- Answers: the phase funnel of all customers over all their journeys, from scalar columns alone (one row).
-- Lines marked `phase N` are left out for models with fewer phases.
-- Gives: value and period (empty), units, unmapped (customers without any phase), then a tuple per phase: customers
-- that reached it or a later one, that got no further, average and median ms since the phase before (nan: nobody).
-- Binds: workspace String, build UInt32.
SELECT
    '' AS value, '' AS period, units_here, unmapped
    , (arraySum(arraySlice(furthest_here, 1)), furthest_here[1], average_1, median_1) AS phase_1  -- phase 1
    , (arraySum(arraySlice(furthest_here, 2)), furthest_here[2], average_2, median_2) AS phase_2  -- phase 2
    , (arraySum(arraySlice(furthest_here, 3)), furthest_here[3], average_3, median_3) AS phase_3  -- phase 3
    , (arraySum(arraySlice(furthest_here, 4)), furthest_here[4], average_4, median_4) AS phase_4  -- phase 4
    , (arraySum(arraySlice(furthest_here, 5)), furthest_here[5], average_5, median_5) AS phase_5  -- phase 5
    , (arraySum(arraySlice(furthest_here, 6)), furthest_here[6], average_6, median_6) AS phase_6  -- phase 6
    , (arraySum(arraySlice(furthest_here, 7)), furthest_here[7], average_7, median_7) AS phase_7  -- phase 7
    , (arraySum(arraySlice(furthest_here, 8)), furthest_here[8], average_8, median_8) AS phase_8  -- phase 8
    , (arraySum(arraySlice(furthest_here, 9)), furthest_here[9], average_9, median_9) AS phase_9  -- phase 9
    , (arraySum(arraySlice(furthest_here, 10)), furthest_here[10], average_10, median_10) AS phase_10  -- phase 10
    , (arraySum(arraySlice(furthest_here, 11)), furthest_here[11], average_11, median_11) AS phase_11  -- phase 11
    , (arraySum(arraySlice(furthest_here, 12)), furthest_here[12], average_12, median_12) AS phase_12  -- phase 12
    , (arraySum(arraySlice(furthest_here, 13)), furthest_here[13], average_13, median_13) AS phase_13  -- phase 13
    , (arraySum(arraySlice(furthest_here, 14)), furthest_here[14], average_14, median_14) AS phase_14  -- phase 14
    , (arraySum(arraySlice(furthest_here, 15)), furthest_here[15], average_15, median_15) AS phase_15  -- phase 15
FROM
(
    SELECT
        count() AS units_here, countIf(furthest = 0) AS unmapped,
        arrayPopFront([0
            , countIf(furthest = 1)  -- phase 1
            , countIf(furthest = 2)  -- phase 2
            , countIf(furthest = 3)  -- phase 3
            , countIf(furthest = 4)  -- phase 4
            , countIf(furthest = 5)  -- phase 5
            , countIf(furthest = 6)  -- phase 6
            , countIf(furthest = 7)  -- phase 7
            , countIf(furthest = 8)  -- phase 8
            , countIf(furthest = 9)  -- phase 9
            , countIf(furthest = 10)  -- phase 10
            , countIf(furthest = 11)  -- phase 11
            , countIf(furthest = 12)  -- phase 12
            , countIf(furthest = 13)  -- phase 13
            , countIf(furthest = 14)  -- phase 14
            , countIf(furthest = 15)  -- phase 15
        ]) AS furthest_here
        , nan AS average_1, nan AS median_1  -- phase 1
        , avgIf(reached_2 - reached_1, moved_2) AS average_2  -- phase 2
        , quantileExactInclusiveIf(0.5)(reached_2 - reached_1, moved_2) AS median_2  -- phase 2
        , avgIf(reached_3 - reached_2, moved_3) AS average_3  -- phase 3
        , quantileExactInclusiveIf(0.5)(reached_3 - reached_2, moved_3) AS median_3  -- phase 3
        , avgIf(reached_4 - reached_3, moved_4) AS average_4  -- phase 4
        , quantileExactInclusiveIf(0.5)(reached_4 - reached_3, moved_4) AS median_4  -- phase 4
        , avgIf(reached_5 - reached_4, moved_5) AS average_5  -- phase 5
        , quantileExactInclusiveIf(0.5)(reached_5 - reached_4, moved_5) AS median_5  -- phase 5
        , avgIf(reached_6 - reached_5, moved_6) AS average_6  -- phase 6
        , quantileExactInclusiveIf(0.5)(reached_6 - reached_5, moved_6) AS median_6  -- phase 6
        , avgIf(reached_7 - reached_6, moved_7) AS average_7  -- phase 7
        , quantileExactInclusiveIf(0.5)(reached_7 - reached_6, moved_7) AS median_7  -- phase 7
        , avgIf(reached_8 - reached_7, moved_8) AS average_8  -- phase 8
        , quantileExactInclusiveIf(0.5)(reached_8 - reached_7, moved_8) AS median_8  -- phase 8
        , avgIf(reached_9 - reached_8, moved_9) AS average_9  -- phase 9
        , quantileExactInclusiveIf(0.5)(reached_9 - reached_8, moved_9) AS median_9  -- phase 9
        , avgIf(reached_10 - reached_9, moved_10) AS average_10  -- phase 10
        , quantileExactInclusiveIf(0.5)(reached_10 - reached_9, moved_10) AS median_10  -- phase 10
        , avgIf(reached_11 - reached_10, moved_11) AS average_11  -- phase 11
        , quantileExactInclusiveIf(0.5)(reached_11 - reached_10, moved_11) AS median_11  -- phase 11
        , avgIf(reached_12 - reached_11, moved_12) AS average_12  -- phase 12
        , quantileExactInclusiveIf(0.5)(reached_12 - reached_11, moved_12) AS median_12  -- phase 12
        , avgIf(reached_13 - reached_12, moved_13) AS average_13  -- phase 13
        , quantileExactInclusiveIf(0.5)(reached_13 - reached_12, moved_13) AS median_13  -- phase 13
        , avgIf(reached_14 - reached_13, moved_14) AS average_14  -- phase 14
        , quantileExactInclusiveIf(0.5)(reached_14 - reached_13, moved_14) AS median_14  -- phase 14
        , avgIf(reached_15 - reached_14, moved_15) AS average_15  -- phase 15
        , quantileExactInclusiveIf(0.5)(reached_15 - reached_14, moved_15) AS median_15  -- phase 15
    FROM
    (
        SELECT
            furthest, reached_1
            , reached_2, reached_1 >= 0 AND reached_2 >= reached_1 AS moved_2  -- phase 2
            , reached_3, reached_2 >= 0 AND reached_3 >= reached_2 AS moved_3  -- phase 3
            , reached_4, reached_3 >= 0 AND reached_4 >= reached_3 AS moved_4  -- phase 4
            , reached_5, reached_4 >= 0 AND reached_5 >= reached_4 AS moved_5  -- phase 5
            , reached_6, reached_5 >= 0 AND reached_6 >= reached_5 AS moved_6  -- phase 6
            , reached_7, reached_6 >= 0 AND reached_7 >= reached_6 AS moved_7  -- phase 7
            , reached_8, reached_7 >= 0 AND reached_8 >= reached_7 AS moved_8  -- phase 8
            , reached_9, reached_8 >= 0 AND reached_9 >= reached_8 AS moved_9  -- phase 9
            , reached_10, reached_9 >= 0 AND reached_10 >= reached_9 AS moved_10  -- phase 10
            , reached_11, reached_10 >= 0 AND reached_11 >= reached_10 AS moved_11  -- phase 11
            , reached_12, reached_11 >= 0 AND reached_12 >= reached_11 AS moved_12  -- phase 12
            , reached_13, reached_12 >= 0 AND reached_13 >= reached_12 AS moved_13  -- phase 13
            , reached_14, reached_13 >= 0 AND reached_14 >= reached_13 AS moved_14  -- phase 14
            , reached_15, reached_14 >= 0 AND reached_15 >= reached_14 AS moved_15  -- phase 15
        FROM journeys FINAL
        WHERE workspace = {workspace:String} AND build = {build:UInt32}
    ) AS customers
) AS counted
