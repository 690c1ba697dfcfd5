-- Part `units`: each customer counts once, over all of its touchpoints.
-- Reads part `placed`, whose marks are phases.
-- Lines marked `each phase` stand once for every phase: #k is its number, #j that of the one before.
-- Gives: furthest, depth, t_1, t_2, … (ms when the phase was first reached, 2^63 - 1: never).
-- Binds nothing.
SELECT
    max(mark) AS furthest, furthest AS depth
    , if(furthest >= #k AND countIf(mark = #k) > 0, minIf(ms, mark = #k), 9223372036854775807) AS t_#k  -- each phase
FROM placed
GROUP BY customer
