-- Part `journeys_in_range`: as journeys_in_range.sql, but the value is that of the customer's very first journey,
-- and values are ranked by its beginning.
-- Gives: customer, accounts, furthest, began, over, value, carries, valued (ms by which values are ranked), times, depth.
-- Binds: workspace String, build UInt32, from Int64, to Int64, window Int64 (ms), depths Identifier (furthests,
-- ordered_depths, strict_depths), value Identifier (an array column of journeys).
SELECT
    customer, accounts, furthest_here AS furthest, began, over,
    toString({value:Identifier}[1]) AS value, true AS carries, started[1] AS valued,
    arrayMap(t -> if(t >= 0 AND t <= began + {window:Int64}, t, -1), milestones_here) AS times,
    arrayLastIndex(t -> t >= 0, arraySlice(times, 1, depth_here)) AS depth
FROM journeys FINAL
ARRAY JOIN
    started AS began, ended AS over, milestones AS milestones_here, furthests AS furthest_here,
    {depths:Identifier} AS depth_here
WHERE workspace = {workspace:String} AND build = {build:UInt32} AND began >= {from:Int64} AND began < {to:Int64}
