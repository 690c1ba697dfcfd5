-- Part `units`: each customer counts once, over the journeys that began in the range.
-- Reads part `placed`, whose marks are phases.
-- Lines marked `each phase` stand once for every phase: #k is its number, #j that of the one before.
-- Gives: furthest, depth, t_1, t_2, … (ms when the phase was first reached, 2^63 - 1: never).
-- Binds: from Int64, to Int64, window Int64 (ms from a journey's first touchpoint on), gap Int64 (ms of silence that end
-- a journey), phases UInt8 (of the model), ordered Bool (phases count that were first reached in their order).
WITH
    histories AS (
        -- Time and phase in one number.
        SELECT arraySort(groupArray(ms * 16 + mark)) AS packed
        FROM placed
        GROUP BY customer
    ),
    ranged AS (
        SELECT
            arrayFilter(
                journey -> bitShiftRight(journey[1], 4) >= {from:Int64} AND bitShiftRight(journey[1], 4) < {to:Int64},
                arraySplit(
                    (x, silence) -> silence > {gap:Int64}, packed,
                    arrayDifference(arrayMap(x -> bitShiftRight(x, 4), packed)))
            ) AS journeys
        FROM histories
    ),
    counted AS (
        SELECT
            arrayMax(journey -> arrayMax(x -> bitAnd(x, 15), journey), journeys) AS furthest,
            -- Of each journey what lies within the window.
            arrayMap(
                journey -> arrayFilter(x -> bitShiftRight(x, 4) <= bitShiftRight(journey[1], 4) + {window:Int64}, journey),
                journeys
            ) AS within,
            -- Up to where the phases of a journey were first reached in their order.
            if({ordered:Bool}, arrayMap(
                journey -> arrayFirstIndex(
                    (x, before) -> x = 288230376151711744 OR x < before,
                    arrayPushBack(journey, 288230376151711744), arrayPushFront(journey, -1)) - 1,
                arrayMap(
                    journey -> arrayMap(
                        position -> arrayMin(
                            x -> if(bitAnd(x, 15) = position, bitShiftRight(x, 4), 288230376151711744), journey),
                        range(1, {phases:UInt8} + 1)),
                    journeys)
            ), []) AS allowed,
            arrayFlatten(within) AS kept
        FROM ranged
        WHERE notEmpty(journeys)
    )
SELECT
    furthest,
    if({ordered:Bool},
        arrayMax((journey, last) -> arrayMax(x -> if(bitAnd(x, 15) <= last, bitAnd(x, 15), 0), journey), within, allowed),
        arrayMax(x -> bitAnd(x, 15), kept)) AS depth
    , arrayMin(x -> if(bitAnd(x, 15) = #k, bitShiftRight(x, 4), 9223372036854775807), kept) AS t_#k  -- each phase
FROM counted
