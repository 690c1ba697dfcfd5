-- Part `units`: each customer counts once, over all journeys, from scalar columns (and arrays, where values or the
-- number of a journey are wanted).
-- Lines marked `each phase` stand once for every phase: #k is its number, #j that of the one before.
-- `/*and passing*/` stands for and_passing.sql, where there are filters.
-- Gives: value, began, over, furthest, depth, t_1, t_2, … (2^63 - 1: never), and who it is: account (empty), customer and
-- number of the journey that first arrived at the phase asked about, arrived (ms, 2^63 - 1: none did), last_customer.
-- Binds: workspace String, build UInt32, grouped Bool (false: the value is empty), value Identifier (an array column
-- of journeys, read if grouped), touch String (first or last), position UInt8 (of the phase asked about), later Bool
-- (who reaches a later phase counts there, too), least UInt8 (position: who never got there is left out).
SELECT
    if({grouped:Bool}, toString({value:Identifier}[if({touch:String} = 'first', 1, -1)]), '') AS value,
    '' AS account, customer, customer AS last_customer,
    first_at AS began, last_at AS over, furthest, furthest AS depth
    , if(reached_#k >= 0, reached_#k, 9223372036854775807) AS t_#k  -- each phase
    , arraySlice(arrayPopFront([0
        , t_#k  -- each phase
    ]), {position:UInt8}) AS times_from_here,
    if({later:Bool}, arrayMin(times_from_here), times_from_here[1]) AS arrived,
    arrayLastIndex(began_then -> began_then <= arrived, started) AS number
FROM journeys FINAL
WHERE workspace = {workspace:String} AND build = {build:UInt32} AND journeys.furthest >= {least:UInt8} /*and passing*/
