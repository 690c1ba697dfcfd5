-- Part `journeys_in_range`: as journeys_in_range.sql, the value taken from the journey's touchpoints that carry one.
-- Reads part `marks` (customer, marks: (ms, seq, event id, value) in order).
-- Gives: customer, accounts, furthest, began, over, value, carries, valued (ms by which values are ranked), times, depth.
-- Binds: workspace String, build UInt32, from Int64, to Int64, window Int64 (ms), depths Identifier (furthests,
-- ordered_depths, strict_depths), touch String (first or last), whole Bool (marks of the customer's other
-- journeys count too).
SELECT
    customer, accounts, furthest_here AS furthest, began, over,
    arrayFilter(mark -> {whole:Bool} OR (mark.1 >= began AND mark.1 <= over), marks) AS own,
    if({touch:String} = 'first', own[1].4, own[-1].4) AS value, notEmpty(own) AS carries, began AS valued,
    arrayMap(t -> if(t >= 0 AND t <= began + {window:Int64}, t, -1), milestones_here) AS times,
    arrayLastIndex(t -> t >= 0, arraySlice(times, 1, depth_here)) AS depth
FROM
(
    SELECT
        customer, accounts, began, over, milestones_here, furthest_here, depth_here
    FROM journeys FINAL
    ARRAY JOIN
        started AS began, ended AS over, milestones AS milestones_here, furthests AS furthest_here,
        {depths:Identifier} AS depth_here
    WHERE workspace = {workspace:String} AND build = {build:UInt32}
        AND began >= {from:Int64} AND began < {to:Int64}
) AS here
LEFT JOIN marks USING (customer)
