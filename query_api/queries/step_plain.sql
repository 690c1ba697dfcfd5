-- Part `counted`: customers who do steps in order, in the plainest case: no groups, no exclusions, nothing kept. A
-- touchpoint is one number: ms * 2^20 and the bits of the steps that it may fill.
-- Reads parts `owned`, `touches`.
-- Lines marked `phase N` are left out for questions with fewer steps.
-- `/*mask*/` stands for the expression of the bits.
-- Gives: hard (it cannot be decided here: touchpoints of one time that fit several steps), whose, per step t_1, t_2, … (the
-- number of its touchpoint, 0: none).
-- Binds: workspace String, generation UInt32 (of the identities), from Int64, to Int64, overlaps Bool (whether a
-- touchpoint may fit several steps), last UInt8 (number of steps), plain_window UInt64 (ms); the parameters of the expression.
WITH
    -- Without a window nobody gets further than from the first touchpoint of step 1.
    arrayFirst(each -> bitTest(each, 0), packed) AS x_1,
    (x_1 > 0) * arrayFirst(each -> each > x_1 AND bitTest(each, 1), packed) AS x_2,  -- phase 2
    (x_2 > 0) * arrayFirst(each -> each > x_2 AND bitTest(each, 2), packed) AS x_3,  -- phase 3
    (x_3 > 0) * arrayFirst(each -> each > x_3 AND bitTest(each, 3), packed) AS x_4,  -- phase 4
    (x_4 > 0) * arrayFirst(each -> each > x_4 AND bitTest(each, 4), packed) AS x_5,  -- phase 5
    (x_5 > 0) * arrayFirst(each -> each > x_5 AND bitTest(each, 5), packed) AS x_6,  -- phase 6
    (x_6 > 0) * arrayFirst(each -> each > x_6 AND bitTest(each, 6), packed) AS x_7,  -- phase 7
    (x_7 > 0) * arrayFirst(each -> each > x_7 AND bitTest(each, 7), packed) AS x_8,  -- phase 8
    (x_8 > 0) * arrayFirst(each -> each > x_8 AND bitTest(each, 8), packed) AS x_9,  -- phase 9
    (x_9 > 0) * arrayFirst(each -> each > x_9 AND bitTest(each, 9), packed) AS x_10,  -- phase 10
    (x_10 > 0) * arrayFirst(each -> each > x_10 AND bitTest(each, 10), packed) AS x_11,  -- phase 11
    (x_11 > 0) * arrayFirst(each -> each > x_11 AND bitTest(each, 11), packed) AS x_12,  -- phase 12
    (x_12 > 0) * arrayFirst(each -> each > x_12 AND bitTest(each, 12), packed) AS x_13,  -- phase 13
    (x_13 > 0) * arrayFirst(each -> each > x_13 AND bitTest(each, 13), packed) AS x_14,  -- phase 14
    (x_14 > 0) * arrayFirst(each -> each > x_14 AND bitTest(each, 14), packed) AS x_15,  -- phase 15
    (x_15 > 0) * arrayFirst(each -> each > x_15 AND bitTest(each, 15), packed) AS x_16,  -- phase 16
    (x_16 > 0) * arrayFirst(each -> each > x_16 AND bitTest(each, 16), packed) AS x_17,  -- phase 17
    (x_17 > 0) * arrayFirst(each -> each > x_17 AND bitTest(each, 17), packed) AS x_18,  -- phase 18
    (x_18 > 0) * arrayFirst(each -> each > x_18 AND bitTest(each, 18), packed) AS x_19,  -- phase 19
    (x_19 > 0) * arrayFirst(each -> each > x_19 AND bitTest(each, 19), packed) AS x_20,  -- phase 20
    bitOr(bitShiftLeft(bitShiftRight(x_1, 20) + {plain_window:UInt64}, 20), 1048575) AS over,
    -- Where the window cuts that attempt short, every other one is looked at.
    greatest(
        x_1
        , x_2  -- phase 2
        , x_3  -- phase 3
        , x_4  -- phase 4
        , x_5  -- phase 5
        , x_6  -- phase 6
        , x_7  -- phase 7
        , x_8  -- phase 8
        , x_9  -- phase 9
        , x_10  -- phase 10
        , x_11  -- phase 11
        , x_12  -- phase 12
        , x_13  -- phase 13
        , x_14  -- phase 14
        , x_15  -- phase 15
        , x_16  -- phase 16
        , x_17  -- phase 17
        , x_18  -- phase 18
        , x_19  -- phase 19
        , x_20  -- phase 20
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
            , x_2  -- phase 2
            , x_3  -- phase 3
            , x_4  -- phase 4
            , x_5  -- phase 5
            , x_6  -- phase 6
            , x_7  -- phase 7
            , x_8  -- phase 8
            , x_9  -- phase 9
            , x_10  -- phase 10
            , x_11  -- phase 11
            , x_12  -- phase 12
            , x_13  -- phase 13
            , x_14  -- phase 14
            , x_15  -- phase 15
            , x_16  -- phase 16
            , x_17  -- phase 17
            , x_18  -- phase 18
            , x_19  -- phase 19
            , x_20  -- phase 20
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
    , found_of[2] AS t_2  -- phase 2
    , found_of[3] AS t_3  -- phase 3
    , found_of[4] AS t_4  -- phase 4
    , found_of[5] AS t_5  -- phase 5
    , found_of[6] AS t_6  -- phase 6
    , found_of[7] AS t_7  -- phase 7
    , found_of[8] AS t_8  -- phase 8
    , found_of[9] AS t_9  -- phase 9
    , found_of[10] AS t_10  -- phase 10
    , found_of[11] AS t_11  -- phase 11
    , found_of[12] AS t_12  -- phase 12
    , found_of[13] AS t_13  -- phase 13
    , found_of[14] AS t_14  -- phase 14
    , found_of[15] AS t_15  -- phase 15
    , found_of[16] AS t_16  -- phase 16
    , found_of[17] AS t_17  -- phase 17
    , found_of[18] AS t_18  -- phase 18
    , found_of[19] AS t_19  -- phase 19
    , found_of[20] AS t_20  -- phase 20
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
