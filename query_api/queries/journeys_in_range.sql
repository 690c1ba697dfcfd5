-- Part `journeys_in_range`: one row per journey that began in the range, its value for `by` from a column of journeys.
-- Gives: customer, accounts, furthest, began, over, value, carries, valued (ms by which values are ranked), times (ms per phase, -1: not within the
-- window), depth (last phase that counts in the asked order).
-- Binds: workspace String, build UInt32, from Int64, to Int64, window Int64 (ms), depths Identifier (furthests,
-- ordered_depths, strict_depths), value Identifier (an array column of journeys).
SELECT
    customer, accounts, furthest_here AS furthest, began, over,
    toString(value_here) AS value, true AS carries, began AS valued,
    arrayMap(t -> if(t >= 0 AND t <= began + {window:Int64}, t, -1), milestones_here) AS times,
    arrayLastIndex(t -> t >= 0, arraySlice(times, 1, depth_here)) AS depth
FROM journeys FINAL
ARRAY JOIN
    started AS began, ended AS over, milestones AS milestones_here, furthests AS furthest_here,
    {depths:Identifier} AS depth_here, {value:Identifier} AS value_here
WHERE workspace = {workspace:String} AND build = {build:UInt32} AND began >= {from:Int64} AND began < {to:Int64}
