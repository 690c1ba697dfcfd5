-- Part `attempts`: as step_attempts_ordered.sql, with nothing between the steps.
-- Reads part `histories`.
-- Gives: unit_account, whose, journey, own, hard, marks, void (every attempt is), filled: the place among the marks of
-- each step's touchpoint.
-- Binds: last UInt8 (number of steps), window Int64 (ms), per exclusion: excluded Array(UInt8) (its bit),
-- after Array(UInt8), before Array(UInt8).
WITH
    marks.1 AS times,
    marks.5 AS masks,
    arrayFilter((place, mask) -> bitTest(mask, 0), arrayEnumerate(times), masks) AS begins,
    arrayMap(place -> times[place] + {window:Int64}, begins) AS ends,
    arrayMap(
        (begin, over) -> arrayFirstIndex(
            bit -> bit = {last:UInt8} OR begin + bit > length(times)
                OR NOT bitTest(masks[begin + bit], bit) OR times[begin + bit] > over,
            range(1, {last:UInt8} + 1)
        ),
        begins, ends
    ) AS lengths,
    arrayMap(
        (begin, size, over) -> arrayExists(
            (bit, one, other) -> one <= size AND arrayExists(
                (time, mask) -> bitTest(mask, bit) AND time > times[begin + one - 1]
                    AND if(other <= size, time < times[begin + other - 1], time <= over),
                times, masks
            ),
            {excluded:Array(UInt8)}, {after:Array(UInt8)}, {before:Array(UInt8)}
        ),
        begins, lengths, ends
    ) AS voids,
    arrayMap((size, is_void) -> if(is_void, 0, size), lengths, voids) AS depths,
    indexOf(depths, arrayMax(depths)) AS best
SELECT
    unit_account, whose, journey, own, hard, marks,
    (notEmpty(begins) * (arrayMax(depths) = 0)) > 0 AS void,
    range(begins[best], begins[best] + arrayMax(depths)) AS filled
FROM histories
