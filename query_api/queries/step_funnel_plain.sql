-- Answers: the step funnel without groups, in the plainest case.
-- Reads part `counted`, which is made by step_plain.sql.
-- Lines marked `phase N` are left out for questions with fewer steps.
-- Gives: as step_funnel.sql.
-- Binds nothing.
SELECT
    '' AS value, countIf(hard) AS hard_here, 0 AS void_here,
    [
        countIf(t_1 > 0)
        , countIf(t_2 > 0)  -- phase 2
        , countIf(t_3 > 0)  -- phase 3
        , countIf(t_4 > 0)  -- phase 4
        , countIf(t_5 > 0)  -- phase 5
        , countIf(t_6 > 0)  -- phase 6
        , countIf(t_7 > 0)  -- phase 7
        , countIf(t_8 > 0)  -- phase 8
        , countIf(t_9 > 0)  -- phase 9
        , countIf(t_10 > 0)  -- phase 10
        , countIf(t_11 > 0)  -- phase 11
        , countIf(t_12 > 0)  -- phase 12
        , countIf(t_13 > 0)  -- phase 13
        , countIf(t_14 > 0)  -- phase 14
        , countIf(t_15 > 0)  -- phase 15
        , countIf(t_16 > 0)  -- phase 16
        , countIf(t_17 > 0)  -- phase 17
        , countIf(t_18 > 0)  -- phase 18
        , countIf(t_19 > 0)  -- phase 19
        , countIf(t_20 > 0)  -- phase 20
    ] AS counts,
    [
        0.0
        , avgIf(bitShiftRight(t_2, 20) - bitShiftRight(t_1, 20), t_2 > 0)  -- phase 2
        , avgIf(bitShiftRight(t_3, 20) - bitShiftRight(t_2, 20), t_3 > 0)  -- phase 3
        , avgIf(bitShiftRight(t_4, 20) - bitShiftRight(t_3, 20), t_4 > 0)  -- phase 4
        , avgIf(bitShiftRight(t_5, 20) - bitShiftRight(t_4, 20), t_5 > 0)  -- phase 5
        , avgIf(bitShiftRight(t_6, 20) - bitShiftRight(t_5, 20), t_6 > 0)  -- phase 6
        , avgIf(bitShiftRight(t_7, 20) - bitShiftRight(t_6, 20), t_7 > 0)  -- phase 7
        , avgIf(bitShiftRight(t_8, 20) - bitShiftRight(t_7, 20), t_8 > 0)  -- phase 8
        , avgIf(bitShiftRight(t_9, 20) - bitShiftRight(t_8, 20), t_9 > 0)  -- phase 9
        , avgIf(bitShiftRight(t_10, 20) - bitShiftRight(t_9, 20), t_10 > 0)  -- phase 10
        , avgIf(bitShiftRight(t_11, 20) - bitShiftRight(t_10, 20), t_11 > 0)  -- phase 11
        , avgIf(bitShiftRight(t_12, 20) - bitShiftRight(t_11, 20), t_12 > 0)  -- phase 12
        , avgIf(bitShiftRight(t_13, 20) - bitShiftRight(t_12, 20), t_13 > 0)  -- phase 13
        , avgIf(bitShiftRight(t_14, 20) - bitShiftRight(t_13, 20), t_14 > 0)  -- phase 14
        , avgIf(bitShiftRight(t_15, 20) - bitShiftRight(t_14, 20), t_15 > 0)  -- phase 15
        , avgIf(bitShiftRight(t_16, 20) - bitShiftRight(t_15, 20), t_16 > 0)  -- phase 16
        , avgIf(bitShiftRight(t_17, 20) - bitShiftRight(t_16, 20), t_17 > 0)  -- phase 17
        , avgIf(bitShiftRight(t_18, 20) - bitShiftRight(t_17, 20), t_18 > 0)  -- phase 18
        , avgIf(bitShiftRight(t_19, 20) - bitShiftRight(t_18, 20), t_19 > 0)  -- phase 19
        , avgIf(bitShiftRight(t_20, 20) - bitShiftRight(t_19, 20), t_20 > 0)  -- phase 20
    ] AS averages,
    [
        0.0
        , quantileExactInclusiveIf(0.5)(bitShiftRight(t_2, 20) - bitShiftRight(t_1, 20), t_2 > 0)  -- phase 2
        , quantileExactInclusiveIf(0.5)(bitShiftRight(t_3, 20) - bitShiftRight(t_2, 20), t_3 > 0)  -- phase 3
        , quantileExactInclusiveIf(0.5)(bitShiftRight(t_4, 20) - bitShiftRight(t_3, 20), t_4 > 0)  -- phase 4
        , quantileExactInclusiveIf(0.5)(bitShiftRight(t_5, 20) - bitShiftRight(t_4, 20), t_5 > 0)  -- phase 5
        , quantileExactInclusiveIf(0.5)(bitShiftRight(t_6, 20) - bitShiftRight(t_5, 20), t_6 > 0)  -- phase 6
        , quantileExactInclusiveIf(0.5)(bitShiftRight(t_7, 20) - bitShiftRight(t_6, 20), t_7 > 0)  -- phase 7
        , quantileExactInclusiveIf(0.5)(bitShiftRight(t_8, 20) - bitShiftRight(t_7, 20), t_8 > 0)  -- phase 8
        , quantileExactInclusiveIf(0.5)(bitShiftRight(t_9, 20) - bitShiftRight(t_8, 20), t_9 > 0)  -- phase 9
        , quantileExactInclusiveIf(0.5)(bitShiftRight(t_10, 20) - bitShiftRight(t_9, 20), t_10 > 0)  -- phase 10
        , quantileExactInclusiveIf(0.5)(bitShiftRight(t_11, 20) - bitShiftRight(t_10, 20), t_11 > 0)  -- phase 11
        , quantileExactInclusiveIf(0.5)(bitShiftRight(t_12, 20) - bitShiftRight(t_11, 20), t_12 > 0)  -- phase 12
        , quantileExactInclusiveIf(0.5)(bitShiftRight(t_13, 20) - bitShiftRight(t_12, 20), t_13 > 0)  -- phase 13
        , quantileExactInclusiveIf(0.5)(bitShiftRight(t_14, 20) - bitShiftRight(t_13, 20), t_14 > 0)  -- phase 14
        , quantileExactInclusiveIf(0.5)(bitShiftRight(t_15, 20) - bitShiftRight(t_14, 20), t_15 > 0)  -- phase 15
        , quantileExactInclusiveIf(0.5)(bitShiftRight(t_16, 20) - bitShiftRight(t_15, 20), t_16 > 0)  -- phase 16
        , quantileExactInclusiveIf(0.5)(bitShiftRight(t_17, 20) - bitShiftRight(t_16, 20), t_17 > 0)  -- phase 17
        , quantileExactInclusiveIf(0.5)(bitShiftRight(t_18, 20) - bitShiftRight(t_17, 20), t_18 > 0)  -- phase 18
        , quantileExactInclusiveIf(0.5)(bitShiftRight(t_19, 20) - bitShiftRight(t_18, 20), t_19 > 0)  -- phase 19
        , quantileExactInclusiveIf(0.5)(bitShiftRight(t_20, 20) - bitShiftRight(t_19, 20), t_20 > 0)  -- phase 20
    ] AS medians
FROM counted
