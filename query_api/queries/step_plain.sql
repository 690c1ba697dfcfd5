-- Part `counted`: customers who do steps in order, in the plainest case: no groups, no exclusions, nothing kept. A
-- touchpoint is one number: ms * 2^20 and the bits of the steps that it may fill.
-- Reads parts `owned`, `touches`.
-- Lines marked `each step` stand once for every step: #k is its number, #j that of the one before.
-- `/*mask*/` stands for the expression of the bits.
-- Gives: hard (it cannot be decided here: touchpoints of one time that fit several steps), whose, per step t_1, t_2, … (the
-- number of its touchpoint, 0: none).
-- Binds: workspace String, generation UInt32 (of the identities), from Int64, to Int64, overlaps Bool (whether a
-- touchpoint may fit several steps), last UInt8 (number of steps), plain_window UInt64 (ms); the parameters of the expression.
WITH
    -- Without a window nobody gets further than from the first touchpoint of step 1.
    arrayFirst(each -> bitTest(each, 0), packed) AS x_1,
    (x_#j > 0) * arrayFirst(each -> each > x_#j AND bitTest(each, #j), packed) AS x_#k,  -- each step from 2
    bitOr(bitShiftLeft(bitShiftRight(x_1, 20) + {plain_window:UInt64}, 20), 1048575) AS over,
    -- Where the window cuts that attempt short, every other one is looked at.
    greatest(
        x_1
        , x_#k  -- each step from 2
    ) > over AS is_cut,
    if(
        is_cut,
        arrayFirst(chain -> true, arraySort(chain -> (countEqual(chain, 0), chain[1]), arrayMap(
            begin -> arrayFold(
                (found, bit) -> arrayPushBack(found, if(found[-1] = 0, 0, arrayFirst(
                    each -> each > found[-1] AND bitTest(each, bit)
                        AND bitShiftRight(each, 20) <= bitShiftRight(begin, 20) + {plain_window:UInt64},
                    packed
                ))),
                range(1, {last:UInt8}), [begin]
            ),
            arrayFilter(each -> bitTest(each, 0), packed)
        ))),
        [
            x_1
            , x_#k  -- each step from 2
        ]
    ) AS found_of
SELECT
    whose,
    {overlaps:Bool} AND arrayExists(
        (each, before) -> bitShiftRight(each, 20) = bitShiftRight(before, 20)
            AND greatest(bitCount(bitAnd(each, 1048575)), bitCount(bitAnd(before, 1048575))) > 1,
        arrayPopFront(packed), arrayPopBack(packed)
    ) AS hard
    , found_of[1] AS t_1
    , found_of[#k] AS t_#k  -- each step from 2
FROM
(
    -- An identifier without a row in identities is a customer of its own, which spares its touchpoints the join.
    SELECT
        customer AS whose,
        arraySort(groupArray(bitOr(bitShiftLeft(toUInt64(toUnixTimestamp64Milli(at)), 20), toUInt64(/*mask*/)))) AS packed
    FROM (SELECT *, owner AS customer FROM owned WHERE NOT bot) AS alone
    WHERE at >= fromUnixTimestamp64Milli(greatest({from:Int64}, 0)) AND at < fromUnixTimestamp64Milli({to:Int64})
        AND /*mask*/ != 0
        AND owner NOT IN (
            SELECT identifier FROM identities FINAL
            WHERE workspace = {workspace:String} AND generation = {generation:UInt32})
    GROUP BY customer
    UNION ALL
    SELECT
        customer AS whose,
        arraySort(groupArray(bitOr(bitShiftLeft(toUInt64(ms), 20), toUInt64(/*mask*/)))) AS packed
    FROM touches
    WHERE ms >= greatest({from:Int64}, 0) AND ms < {to:Int64} AND /*mask*/ != 0
        AND owner IN (
            SELECT identifier FROM identities FINAL
            WHERE workspace = {workspace:String} AND generation = {generation:UInt32})
    GROUP BY customer
) AS histories
