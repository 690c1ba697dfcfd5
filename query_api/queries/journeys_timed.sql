-- Part `journeys_timed`: journeys with what counts of them within the window.
-- Reads part `journeys_in_range`.
-- Lines marked `phase N` are left out for models with fewer phases.
-- Gives: customer, account, number, furthest, began, over, value, carries, valued, passes, t_1, t_2, … (ms when the
-- phase was first reached, 2^63 - 1: never), depth (the last phase that counts), arrived (ms when it came to count at
-- the phase asked about, 2^63 - 1: it does not).
-- Binds: window Int64 (ms), position UInt8 (of the phase asked about), later Bool (who reaches a later phase counts
-- there, too), touched Bool (only who touches it counts there).
SELECT
    customer, account, number, furthest, began, over, value, carries, valued, passes
    , if(reached[1] >= 0 AND reached[1] <= began + {window:Int64}, reached[1], 9223372036854775807) AS t_1  -- phase 1
    , if(reached[2] >= 0 AND reached[2] <= began + {window:Int64}, reached[2], 9223372036854775807) AS t_2  -- phase 2
    , if(reached[3] >= 0 AND reached[3] <= began + {window:Int64}, reached[3], 9223372036854775807) AS t_3  -- phase 3
    , if(reached[4] >= 0 AND reached[4] <= began + {window:Int64}, reached[4], 9223372036854775807) AS t_4  -- phase 4
    , if(reached[5] >= 0 AND reached[5] <= began + {window:Int64}, reached[5], 9223372036854775807) AS t_5  -- phase 5
    , if(reached[6] >= 0 AND reached[6] <= began + {window:Int64}, reached[6], 9223372036854775807) AS t_6  -- phase 6
    , if(reached[7] >= 0 AND reached[7] <= began + {window:Int64}, reached[7], 9223372036854775807) AS t_7  -- phase 7
    , if(reached[8] >= 0 AND reached[8] <= began + {window:Int64}, reached[8], 9223372036854775807) AS t_8  -- phase 8
    , if(reached[9] >= 0 AND reached[9] <= began + {window:Int64}, reached[9], 9223372036854775807) AS t_9  -- phase 9
    , if(reached[10] >= 0 AND reached[10] <= began + {window:Int64}, reached[10], 9223372036854775807) AS t_10  -- phase 10
    , if(reached[11] >= 0 AND reached[11] <= began + {window:Int64}, reached[11], 9223372036854775807) AS t_11  -- phase 11
    , if(reached[12] >= 0 AND reached[12] <= began + {window:Int64}, reached[12], 9223372036854775807) AS t_12  -- phase 12
    , if(reached[13] >= 0 AND reached[13] <= began + {window:Int64}, reached[13], 9223372036854775807) AS t_13  -- phase 13
    , if(reached[14] >= 0 AND reached[14] <= began + {window:Int64}, reached[14], 9223372036854775807) AS t_14  -- phase 14
    , if(reached[15] >= 0 AND reached[15] <= began + {window:Int64}, reached[15], 9223372036854775807) AS t_15  -- phase 15
    , greatest(0
        , if(t_1 < 9223372036854775807 AND allowed >= 1, 1, 0)  -- phase 1
        , if(t_2 < 9223372036854775807 AND allowed >= 2, 2, 0)  -- phase 2
        , if(t_3 < 9223372036854775807 AND allowed >= 3, 3, 0)  -- phase 3
        , if(t_4 < 9223372036854775807 AND allowed >= 4, 4, 0)  -- phase 4
        , if(t_5 < 9223372036854775807 AND allowed >= 5, 5, 0)  -- phase 5
        , if(t_6 < 9223372036854775807 AND allowed >= 6, 6, 0)  -- phase 6
        , if(t_7 < 9223372036854775807 AND allowed >= 7, 7, 0)  -- phase 7
        , if(t_8 < 9223372036854775807 AND allowed >= 8, 8, 0)  -- phase 8
        , if(t_9 < 9223372036854775807 AND allowed >= 9, 9, 0)  -- phase 9
        , if(t_10 < 9223372036854775807 AND allowed >= 10, 10, 0)  -- phase 10
        , if(t_11 < 9223372036854775807 AND allowed >= 11, 11, 0)  -- phase 11
        , if(t_12 < 9223372036854775807 AND allowed >= 12, 12, 0)  -- phase 12
        , if(t_13 < 9223372036854775807 AND allowed >= 13, 13, 0)  -- phase 13
        , if(t_14 < 9223372036854775807 AND allowed >= 14, 14, 0)  -- phase 14
        , if(t_15 < 9223372036854775807 AND allowed >= 15, 15, 0)  -- phase 15
    ) AS depth,
    arraySlice(arrayPopFront([0
        , t_1  -- phase 1
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
    ]), {position:UInt8}) AS times_from_here,
    multiIf(
        {later:Bool}, arrayMin(times_from_here),
        {touched:Bool} OR depth >= {position:UInt8}, times_from_here[1],
        9223372036854775807
    ) AS arrived
FROM journeys_in_range
