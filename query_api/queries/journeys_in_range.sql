-- Part `journeys_in_range`: one row per journey that began in the range, its value for `by` from a column of journeys
-- (part `journeys_found` or `journeys_unfiltered` where journeys_marked.sql or journeys_passed.sql read from it).
-- Gives: customer, account (empty), number (of the journey, from 1), furthest, began, over, value, carries, valued (ms
-- by which values are ranked), passes (whether it meets the filters), reached (ms per phase, -1: never), allowed (the
-- last phase that may count in the asked order).
-- Binds: workspace String, build UInt32, from Int64, to Int64, depths Identifier (furthests, ordered_depths,
-- strict_depths), grouped Bool (false: the value is empty), value Identifier (an array column of journeys or
-- `segments`, read if grouped), ever Bool (the value is that of the customer's very first journey, and ranked by its
-- beginning), conversion UInt8 (position of the phase), lapsed Int64 (ms), least UInt8 (position: who never
-- got there is left out).
WITH
    arrayMap(
        (n, silence, converted) -> multiIf(
            n = 1, 'new', silence > {lapsed:Int64}, 'lapsed', converted > 0, 'existing', 'returning'),
        arrayEnumerate(started),
        arrayMap((began, before) -> began - before, started, arrayShiftRight(ended, 1)),
        arrayShiftRight(arrayCumSum(furthest -> furthest >= {conversion:UInt8}, furthests), 1)
    ) AS segments
SELECT
    customer, '' AS account, number, furthest_here AS furthest, began, over,
    if({grouped:Bool}, if({ever:Bool}, toString({value:Identifier}[1]), toString(value_here)), '') AS value,
    true AS carries, true AS passes,
    if({ever:Bool}, started[1], began) AS valued, milestones_here AS reached, depth_here AS allowed
FROM journeys FINAL
ARRAY JOIN
    started AS began, ended AS over, milestones AS milestones_here, furthests AS furthest_here,
    {depths:Identifier} AS depth_here, {value:Identifier} AS value_here, arrayEnumerate(started) AS number
WHERE workspace = {workspace:String} AND build = {build:UInt32} AND journeys.furthest >= {least:UInt8}
    AND last_at >= {from:Int64} AND first_at < {to:Int64} AND began >= {from:Int64} AND began < {to:Int64}
