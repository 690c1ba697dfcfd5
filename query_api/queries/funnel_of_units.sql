-- Answers: the phase funnel per group, period and phase; position 0 counts units that nothing was mapped for.
-- Reads part `units`.
-- Gives: value, period (date or empty), position, reached, touched, dropped, average and median (ms; nan: nobody).
-- Binds: phases UInt8, interval String (day, week, month or empty), time_zone String.
SELECT
    value,
    if({interval:String} = '', '',
        toString(toDate(dateTrunc(if({interval:String} = '', 'day', {interval:String}),
            fromUnixTimestamp64Milli(began), {time_zone:String})))) AS period,
    position,
    countIf(depth >= position) AS reached,
    countIf(position > 0 AND times[position] >= 0) AS touched,
    countIf(depth = position) AS dropped,
    avgIf(times[position] - times[position - 1] AS took,
        position > 1 AND position <= depth AND times[position - 1] >= 0 AND took >= 0 AS moved) AS average,
    quantileExactInclusiveIf(0.5)(took, moved) AS median
FROM units
ARRAY JOIN if(furthest > 0, range(1, {phases:UInt8} + 1), [0]) AS position
GROUP BY value, period, position
