-- Part `journeys_in_range`: as journeys_in_range.sql, the value from the journey's touchpoints that carry one.
-- Reads part `marks` (customer, marks: (ms, seq, event id, value) in order).
-- Gives: customer, accounts, furthest, began, over, value, carries, valued (ms by which values are ranked), reached
-- (ms per phase, -1: never), allowed (the last phase that may count in the asked order).
-- Binds: workspace String, build UInt32, from Int64, to Int64, depths Identifier (furthests, ordered_depths,
-- strict_depths), touch String (first or last), whole Bool (marks of the customer's other journeys count too).
SELECT
    customer, accounts, furthest, began, over,
    arrayFilter(mark -> {whole:Bool} OR (mark.1 >= began AND mark.1 <= over), marks) AS own,
    if({touch:String} = 'first', own[1].4, own[-1].4) AS value, notEmpty(own) AS carries,
    began AS valued, reached, allowed
FROM
(
    SELECT
        customer, accounts, began, over, milestones_here AS reached, furthest_here AS furthest,
        depth_here AS allowed
    FROM journeys FINAL
    ARRAY JOIN
        started AS began, ended AS over, milestones AS milestones_here, furthests AS furthest_here,
        {depths:Identifier} AS depth_here
    WHERE workspace = {workspace:String} AND build = {build:UInt32}
        AND last_at >= {from:Int64} AND first_at < {to:Int64} AND began >= {from:Int64} AND began < {to:Int64}
) AS here
LEFT JOIN marks USING (customer)
