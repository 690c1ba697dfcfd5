-- Part `attempts`: of each history the first attempt that gets furthest, steps in order, anything between them.
-- Reads part `histories`.
-- Gives: unit_account, whose, journey, own, hard, void (every attempt is), filled: array of marks, one a step.
-- Binds: last UInt8 (number of steps), starts UInt32 (how many attempts are looked at: 1 where the first gets furthest
-- anyway), window Int64 (ms), per exclusion: excluded Array(UInt8) (its bit), after Array(UInt8), before Array(UInt8).
WITH
    arrayMap(mark -> mark.1, marks) AS times,
    arrayMap(mark -> mark.5, marks) AS masks,
    arrayEnumerate(marks) AS places,
    arraySlice(arrayFilter((place, mask) -> bitTest(mask, 0), places, masks), 1, {starts:UInt32}) AS begins,
    arrayMap(place -> times[place] + {window:Int64}, begins) AS ends,
    -- By step, by attempt: the place of the touchpoint, 0: none.
    arrayFold(
        (chains, bit) -> arrayPushBack(chains, arrayMap(
            (former, over) -> if(former = 0, 0, arrayFirstIndex(
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
    arrayMap((n, is_void) -> if(is_void, 0, arrayCount(chain -> chain[n] > 0, chains)), arrayEnumerate(begins), voids) AS depths,
    indexOf(depths, arrayMax(depths)) AS best
SELECT
    unit_account, whose, journey, own, hard,
    notEmpty(begins) AND arrayMax(depths) = 0 AS void,
    if(empty(begins) OR void, [], arrayMap(chain -> marks[chain[best]], arraySlice(chains, 1, arrayMax(depths)))) AS filled
FROM histories
