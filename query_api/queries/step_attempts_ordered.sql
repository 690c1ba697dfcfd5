-- Part `attempts`: of each history the first attempt that gets furthest, steps in order, anything between them.
-- Reads part `histories`.
-- Gives: unit_account, whose, journey, own, hard, marks, void (every attempt is), filled: the place among the marks of
-- each step's touchpoint.
-- Binds: last UInt8 (number of steps), window Int64 (ms), per exclusion: excluded Array(UInt8) (its bit),
-- after Array(UInt8), before Array(UInt8).
WITH
    marks.1 AS times,
    marks.5 AS masks,
    arrayEnumerate(times) AS places,
    arrayFilter((place, mask) -> bitTest(mask, 0), places, masks) AS all_begins,
    -- Nobody gets further than from the first touchpoint of step 1, unless a window or an exclusion is in the way.
    arraySlice(all_begins, 1, if(
        times[-1] - times[all_begins[1]] > {window:Int64}
            OR arrayExists(mask -> bitShiftRight(mask, {last:UInt8}) != 0, masks),
        2147483647, 1
    )) AS begins,
    arrayMap(place -> times[place] + {window:Int64}, begins) AS ends,
    -- By step, by attempt: the place of the touchpoint, 0: none.
    arrayFold(
        (chains, bit) -> arrayPushBack(chains, arrayMap(
            (former, over) -> toUInt32((former > 0) * arrayFirstIndex(
                (time, mask, place) -> place > former AND time <= over AND bitTest(mask, bit), times, masks, places
            )),
            chains[-1], ends
        )),
        range(1, {last:UInt8}), [begins]
    ) AS chains,
    arrayMap(
        (n, over) -> arrayExists(
            (bit, one, other) -> chains[one][n] > 0 AND arrayExists(
                (time, mask) -> bitTest(mask, bit) AND time > times[chains[one][n]]
                    AND if(chains[other][n] > 0, time < times[chains[other][n]], time <= over),
                times, masks
            ),
            {excluded:Array(UInt8)}, {after:Array(UInt8)}, {before:Array(UInt8)}
        ),
        arrayEnumerate(begins), ends
    ) AS voids,
    arrayMap(
        (n, is_void) -> if(is_void, 0, arrayCount(chain -> chain[n] > 0, chains)), arrayEnumerate(begins), voids
    ) AS depths,
    indexOf(depths, arrayMax(depths)) AS best
SELECT
    unit_account, whose, journey, own, hard, marks,
    (notEmpty(begins) * (arrayMax(depths) = 0)) > 0 AS void,
    arrayMap(chain -> chain[best], arraySlice(chains, 1, arrayMax(depths))) AS filled
FROM histories
