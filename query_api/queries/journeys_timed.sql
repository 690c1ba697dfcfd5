-- Part `journeys_timed`: journeys with what counts of them within the window.
-- Reads part `journeys_in_range`.
-- Lines marked `each phase` stand once for every phase: #k is its number, #j that of the one before.
-- Gives: customer, account, number, furthest, began, over, value, carries, valued, passes, t_1, t_2, … (ms when the
-- phase was first reached, 2^63 - 1: never), depth (the last phase that counts), arrived (ms when it came to count at
-- the phase asked about, 2^63 - 1: it does not).
-- Binds: window Int64 (ms), position UInt8 (of the phase asked about), later Bool (who reaches a later phase counts
-- there, too), touched Bool (only who touches it counts there).
SELECT
    customer, account, number, furthest, began, over, value, carries, valued, passes
    , if(reached[#k] >= 0 AND reached[#k] <= began + {window:Int64}, reached[#k], 9223372036854775807) AS t_#k  -- each phase
    , greatest(0
        , if(t_#k < 9223372036854775807 AND allowed >= #k, #k, 0)  -- each phase
    ) AS depth,
    arraySlice(arrayPopFront([0
        , t_#k  -- each phase
    ]), {position:UInt8}) AS times_from_here,
    multiIf(
        {later:Bool}, arrayMin(times_from_here),
        {touched:Bool} OR depth >= {position:UInt8}, times_from_here[1],
        9223372036854775807
    ) AS arrived
FROM journeys_in_range
