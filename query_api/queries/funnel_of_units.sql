-- Answers: the phase funnel per group and period.
-- Reads part `units`.
-- Lines marked `each phase` stand once for every phase: #k is its number, #j that of the one before.
-- Gives: value, period (date or empty), units, unmapped (units without any phase), then a tuple per phase: units that
-- count up to here, that got no further, average and median ms since the phase before (nan: nobody), and units that
-- touched it, that touched it and the first, that touched it and the one before (0 unless asked for), units that
-- entered here (0 unless asked for), and ten percentiles of those ms (nan unless asked for).
-- Binds: interval String (day, week, month or empty), time_zone String, touched Bool (whether to count who touched),
-- entries Bool, percentiles Bool (whether to count them), and of percentiles (0 to 1) level_1 Float64, level_2 Float64,
-- level_3 Float64, level_4 Float64, level_5 Float64, level_6 Float64, level_7 Float64, level_8 Float64,
-- level_9 Float64, level_10 Float64.
SELECT
    value,
    if({interval:String} = '', '',
        toString(addDays(toDate32(fromUnixTimestamp64Milli(began, {time_zone:String})) AS began_on, multiIf(
            {interval:String} = 'week', 1 - toDayOfWeek(began_on),
            {interval:String} = 'month', 1 - toDayOfMonth(began_on), 0)))) AS period,
    count() AS units_here,
    countIf(furthest = 0) AS unmapped
    , (countIf(depth >= 1), countIf(depth = 1), nan, nan,
       countIf({touched:Bool} AND t_1 < 9223372036854775807),
       countIf({touched:Bool} AND t_1 < 9223372036854775807),
       countIf({touched:Bool} AND t_1 < 9223372036854775807),
       countIf({entries:Bool} AND entry = 1),
       arrayResize([nan], 10, nan)) AS phase_1
    , (countIf(depth >= #k), countIf(depth = #k),  -- each phase from 2
       avgIf(t_#k - t_#j, depth >= #k AND t_#k < 9223372036854775807 AND t_#k >= t_#j),  -- each phase from 2
       quantileExactInclusiveIf(0.5)(  -- each phase from 2
           t_#k - t_#j, depth >= #k AND t_#k < 9223372036854775807 AND t_#k >= t_#j),  -- each phase from 2
       countIf({touched:Bool} AND t_#k < 9223372036854775807),  -- each phase from 2
       countIf({touched:Bool} AND t_#k < 9223372036854775807 AND t_1 < 9223372036854775807),  -- each phase from 2
       countIf({touched:Bool} AND t_#k < 9223372036854775807 AND t_#j < 9223372036854775807),  -- each phase from 2
       countIf({entries:Bool} AND entry = #k),  -- each phase from 2
       quantilesExactInclusiveIf({level_1:Float64}, {level_2:Float64}, {level_3:Float64}, {level_4:Float64},  -- each phase from 2
           {level_5:Float64}, {level_6:Float64}, {level_7:Float64}, {level_8:Float64}, {level_9:Float64},  -- each phase from 2
           {level_10:Float64})(t_#k - t_#j, {percentiles:Bool} AND depth >= #k AND t_#k < 9223372036854775807 AND t_#k >= t_#j)  -- each phase from 2
      ) AS phase_#k  -- each phase from 2
FROM
(
    SELECT *, if(arrayMin(times) < 9223372036854775807, indexOf(times, arrayMin(times)), 0) AS entry,
    arrayPopFront([0
        , t_#k  -- each phase
    ]) AS times
    FROM units
) AS counted
GROUP BY value, period
