-- Part `steps_within`: of each journey the touchpoints inside the range, at least one.
-- Gives: customer, account (empty), number, value_here (its segment, if that is asked for), first_value and first_time
-- (of the customer's very first journey), steps (in order: ms * 16 + phase position).
-- Binds: workspace String, build UInt32, from Int64, to Int64, ever Bool (first_value is wanted), first Identifier (the
-- column that it is in), segmented Bool (value_here is wanted), conversion UInt8 (position of the phase), lapsed Int64.
WITH
    arrayMap(
        (n, silence, converted) -> multiIf(
            n = 1, 'new', silence > {lapsed:Int64}, 'lapsed', converted > 0, 'existing', 'returning'),
        arrayEnumerate(started),
        arrayMap((began, before) -> began - before, started, arrayShiftRight(ended, 1)),
        arrayShiftRight(arrayCumSum(furthest -> furthest >= {conversion:UInt8}, furthests), 1)
    ) AS segments
SELECT
    customer, '' AS account, number, if({segmented:Bool}, segments[number], '') AS value_here,
    if({ever:Bool}, toString({first:Identifier}[1]), '') AS first_value, started[1] AS first_time,
    arrayFilter(
        step -> step >= greatest(begun, {from:Int64}) * 16 AND step < least(finished + 1, {to:Int64}) * 16, sequence
    ) AS steps
FROM journeys FINAL
ARRAY JOIN started AS begun, ended AS finished, arrayEnumerate(started) AS number
WHERE workspace = {workspace:String} AND build = {build:UInt32}
    AND last_at >= {from:Int64} AND first_at < {to:Int64} AND finished >= {from:Int64} AND begun < {to:Int64}
    AND notEmpty(steps)
