-- Answers: the phase funnel of an unsaved model (one row).
-- Reads part `units`.
-- Lines marked `each phase` stand once for every phase: #k is its number, #j that of the one before.
-- Gives: units, unmapped (units without any phase), then a tuple per phase: units that count up
-- to here, that got no further, average and median ms since the phase before (nan: nobody), and units that touched it,
-- that touched it and the first, that touched it and the one before (0 unless asked for).
-- Binds: touched Bool (whether to count who touched).
SELECT
    count() AS units_here, countIf(furthest = 0) AS unmapped
    , (countIf(depth >= 1), countIf(depth = 1), nan, nan,
       countIf({touched:Bool} AND t_1 < 9223372036854775807),
       countIf({touched:Bool} AND t_1 < 9223372036854775807),
       countIf({touched:Bool} AND t_1 < 9223372036854775807)) AS phase_1
    , (countIf(depth >= #k), countIf(depth = #k),  -- each phase from 2
       avgIf(t_#k - t_#j, depth >= #k AND t_#k < 9223372036854775807 AND t_#k >= t_#j),  -- each phase from 2
       quantileExactInclusiveIf(0.5)(t_#k - t_#j, depth >= #k AND t_#k < 9223372036854775807 AND t_#k >= t_#j),  -- each phase from 2
       countIf({touched:Bool} AND t_#k < 9223372036854775807),  -- each phase from 2
       countIf({touched:Bool} AND t_#k < 9223372036854775807 AND t_1 < 9223372036854775807),  -- each phase from 2
       countIf({touched:Bool} AND t_#k < 9223372036854775807 AND t_#j < 9223372036854775807)) AS phase_#k  -- each phase from 2
FROM units
