-- Part `journeys_in_range`: one row per journey with a touchpoint in the range, as if there were none outside of it
-- (part `journeys_found` or `journeys_unfiltered` where journeys_marked.sql or journeys_passed.sql read from it).
-- Reads part `steps_within`.
-- Gives: customer, account, number (of the journey, from 1), furthest, began, over, value, carries, valued (ms by which
-- values are ranked), passes (whether it meets the filters), reached (ms per phase, -1: never), allowed (the last phase
-- that may count in the asked order).
-- Binds: phases UInt8 (how many the model has), depths String (furthests, ordered_depths, strict_depths), ever Bool
-- (the value is first_value, ranked by first_time).
WITH
    288230376151711744 AS never,
    -- As in the fold: when each phase was first reached, and from phase 1 on the first touchpoint that is a step back.
    arrayMap(
        position -> arrayMin(step -> if(bitAnd(step, 15) = position, bitShiftRight(step, 4), never), steps),
        range(1, toUInt32({phases:UInt8}) + 1)
    ) AS firsts,
    arrayFilter(step -> bitAnd(step, 15) > 0 AND step > firsts[1] * 16, steps) AS onward,
    arrayFirst(
        (step, before) -> bitAnd(step, 15) < bitAnd(before, 15),
        arrayPushBack(onward, 4611686018427387904), arrayPushFront(onward, 0)
    ) AS step_back,
    arrayFirstIndex(
        (first, before) -> first = never OR first < before, arrayPushBack(firsts, never), arrayPushFront(firsts, -1)
    ) - 1 AS ordered_depth,
    arrayFirstIndex(
        (first, before, position) -> first = never OR first < before OR first * 16 + position >= step_back,
        arrayPushBack(firsts, never), arrayPushFront(firsts, -1), arrayEnumerate(arrayPushBack(firsts, 0))
    ) - 1 AS strict_depth
SELECT
    customer, account, number, arrayMax(step -> bitAnd(step, 15), steps) AS furthest,
    bitShiftRight(steps[1], 4) AS began, bitShiftRight(steps[-1], 4) AS over,
    if({ever:Bool}, first_value, value_here) AS value,
    true AS carries, true AS passes, if({ever:Bool}, first_time, began) AS valued,
    arrayMap(first -> if(first < never, first, -1), firsts) AS reached,
    multiIf(
        {depths:String} = 'ordered_depths', ordered_depth, {depths:String} = 'strict_depths', strict_depth, furthest
    ) AS allowed
FROM steps_within
