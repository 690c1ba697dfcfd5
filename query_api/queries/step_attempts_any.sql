-- Part `attempts`: as step_attempts_ordered.sql, steps in whatever order; an attempt begins with any of them.
-- Reads part `histories`, whose touchpoints fit one step each.
-- Gives: unit_account, whose, journey, own, hard, void (every attempt is), filled: array of marks in order.
-- Binds: last UInt8 (number of steps), steps UInt64 (their bits), starts UInt32 (how many attempts are looked at),
-- window Int64 (ms), excluded Array(UInt8) (the bits of exclusions).
WITH
    arrayMap(mark -> mark.1, marks) AS times,
    arrayMap(mark -> mark.5, marks) AS masks,
    arrayEnumerate(marks) AS places,
    arraySlice(
        arrayFilter((place, mask) -> bitAnd(mask, {steps:UInt64}) != 0, places, masks), 1, {starts:UInt32}
    ) AS begins,
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
    unit_account, whose, journey, own, hard,
    notEmpty(begins) AND arrayMax(depths) = 0 AS void,
    if(empty(begins) OR void, [], arrayMap(place -> marks[place], fills[best])) AS filled
FROM histories
