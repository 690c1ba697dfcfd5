-- Part `units`: each customer counts once, over all journeys, from scalar columns (and arrays, where values or the
-- number of a journey are wanted).
-- Lines marked `phase N` are left out for models with fewer phases.
-- `/*and passing*/` stands for and_passing.sql, where there are filters.
-- Gives: value, began, over, furthest, depth, t_1, t_2, … (2^63 - 1: never), and who it is: account (empty), customer and
-- number of the journey that first arrived at the phase asked about, arrived (ms, 2^63 - 1: none did), last_customer.
-- Binds: workspace String, build UInt32, grouped Bool (false: the value is empty), value Identifier (an array column
-- of journeys, read if grouped), touch String (first or last), position UInt8 (of the phase asked about), later Bool
-- (who reaches a later phase counts there, too).
SELECT
    if({grouped:Bool}, toString({value:Identifier}[if({touch:String} = 'first', 1, -1)]), '') AS value,
    '' AS account, customer, customer AS last_customer,
    first_at AS began, last_at AS over, furthest, furthest AS depth
    , if(reached_1 >= 0, reached_1, 9223372036854775807) AS t_1  -- phase 1
    , if(reached_2 >= 0, reached_2, 9223372036854775807) AS t_2  -- phase 2
    , if(reached_3 >= 0, reached_3, 9223372036854775807) AS t_3  -- phase 3
    , if(reached_4 >= 0, reached_4, 9223372036854775807) AS t_4  -- phase 4
    , if(reached_5 >= 0, reached_5, 9223372036854775807) AS t_5  -- phase 5
    , if(reached_6 >= 0, reached_6, 9223372036854775807) AS t_6  -- phase 6
    , if(reached_7 >= 0, reached_7, 9223372036854775807) AS t_7  -- phase 7
    , if(reached_8 >= 0, reached_8, 9223372036854775807) AS t_8  -- phase 8
    , if(reached_9 >= 0, reached_9, 9223372036854775807) AS t_9  -- phase 9
    , if(reached_10 >= 0, reached_10, 9223372036854775807) AS t_10  -- phase 10
    , if(reached_11 >= 0, reached_11, 9223372036854775807) AS t_11  -- phase 11
    , if(reached_12 >= 0, reached_12, 9223372036854775807) AS t_12  -- phase 12
    , if(reached_13 >= 0, reached_13, 9223372036854775807) AS t_13  -- phase 13
    , if(reached_14 >= 0, reached_14, 9223372036854775807) AS t_14  -- phase 14
    , if(reached_15 >= 0, reached_15, 9223372036854775807) AS t_15  -- phase 15
    , arraySlice(arrayPopFront([0
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
    if({later:Bool}, arrayMin(times_from_here), times_from_here[1]) AS arrived,
    arrayLastIndex(began_then -> began_then <= arrived, started) AS number
FROM journeys FINAL
WHERE workspace = {workspace:String} AND build = {build:UInt32} /*and passing*/
