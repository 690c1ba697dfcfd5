-- Answers: the step funnel without groups, in the plainest case.
-- Reads part `counted`, which is made by step_plain.sql.
-- Lines marked `each step` stand once for every step: #k is its number, #j that of the one before.
-- Gives: as step_funnel.sql.
-- Binds nothing.
SELECT
    '' AS value, countIf(hard) AS hard_here, 0 AS void_here,
    [
        countIf(t_1 > 0)
        , countIf(t_#k > 0)  -- each step from 2
    ] AS counts,
    [
        0.0
        , avgIf(bitShiftRight(t_#k, 20) - bitShiftRight(t_#j, 20), t_#k > 0)  -- each step from 2
    ] AS averages,
    [
        0.0
        , quantileExactInclusiveIf(0.5)(bitShiftRight(t_#k, 20) - bitShiftRight(t_#j, 20), t_#k > 0)  -- each step from 2
    ] AS medians
FROM counted
