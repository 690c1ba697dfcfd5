-- Part `attempts`: as step_attempts_ordered.sql, steps in whatever order; an attempt begins with any of them.
-- Reads part `histories`, whose touchpoints fit one step each.
-- Gives: unit_account, whose, journey, own, hard, marks, void (every attempt is), filled: the place among the marks of
-- each step's touchpoint, in order of time.
-- Binds: last UInt8 (number of steps), steps UInt64 (their bits), window Int64 (ms), excluded Array(UInt8) (the bits of
-- exclusions).
WITH
    marks.1 AS times,
    marks.5 AS masks,
    arrayEnumerate(times) AS places,
    arrayFilter((place, mask) -> bitAnd(mask, {steps:UInt64}) != 0, places, masks) AS all_begins,
    -- The first attempt is the best, unless a window or an exclusion is in the way.
    arraySlice(all_begins, 1, if(
        times[-1] - times[all_begins[1]] > {window:Int64}
            OR arrayExists(mask -> bitShiftRight(mask, {last:UInt8}) != 0, masks),
        2147483647, 1
    )) AS begins,
    arrayMap(place -> times[place] + {window:Int64}, begins) AS ends,
    arrayMap(
        (begin, over) -> arraySort(arrayFilter(place -> place > 0, arrayMap(
            bit -> arrayFirstIndex(
                (time, mask, place) -> place >= begin AND time <= over AND bitTest(mask, bit), times, masks, places
            ),
            range(0, {last:UInt8})
        ))),
        begins, ends
    ) AS fills,
    arrayMap(
        (filled_places, over) -> arrayExists(
            bit -> arrayExists(
                (time, mask) -> bitTest(mask, bit) AND time > times[filled_places[1]]
                    AND if(length(filled_places) = {last:UInt8}, time < times[filled_places[-1]], time <= over),
                times, masks
            ),
            {excluded:Array(UInt8)}
        ),
        fills, ends
    ) AS voids,
    arrayMap((filled_places, is_void) -> if(is_void, 0, length(filled_places)), fills, voids) AS depths,
    indexOf(depths, arrayMax(depths)) AS best
SELECT
    unit_account, whose, journey, own, hard, marks,
    (notEmpty(begins) * (arrayMax(depths) = 0)) > 0 AS void,
    arraySlice(fills[best], 1, arrayMax(depths)) AS filled
FROM histories
