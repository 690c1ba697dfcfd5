-- Part `journeys_in_range`: what of journeys counts for one account and began in the range; otherwise as
-- journeys_in_range.sql. A customer with several accounts has one row a journey and account; one with none has none.
-- Gives: customer, account, number (of the journey, from 1), furthest, began, over, value, carries, valued (ms by which
-- values are ranked), passes (whether it meets the filters), reached (ms per phase, -1: never), allowed (the last phase
-- that may count in the asked order).
-- Binds: workspace String, build UInt32, from Int64, to Int64, depths Identifier and the same as depths String
-- (furthests, ordered_depths, strict_depths), grouped Bool (false: the value is empty), value Identifier and the same
-- as value String (first_ or last_ and channel, campaign, source, contact, device or country; or `segments`), ever Bool
-- (the value is that of the customer's very first touchpoint that counts for the account, and ranked by its time),
-- conversion UInt8 (position of the phase), lapsed Int64 (ms).
SELECT
    customer, account_here AS account, number, furthest_here AS furthest, began, over,
    if({grouped:Bool}, if({ever:Bool}, first_value, value_here), '') AS value,
    true AS carries, true AS passes,
    if({ever:Bool}, first_time, began) AS valued, milestones_here AS reached, depth_here AS allowed
FROM
(
    WITH
        arrayMap(
            (n, silence, converted) -> multiIf(
                n = 1, 'new', silence > {lapsed:Int64}, 'lapsed', converted > 0, 'existing', 'returning'),
            arrayEnumerate(started),
            arrayMap((began, before) -> began - before, started, arrayShiftRight(ended, 1)),
            arrayShiftRight(arrayCumSum(furthest -> furthest >= {conversion:UInt8}, furthests), 1)
        ) AS segments,
        account_journeys AS several,
        greatest(1, indexOf(
            ['channel', 'campaign', 'source', 'contact', 'device', 'country'], splitByChar('_', {value:String})[2]
        )) AS place,
        -- They stand by account and time: where a new account begins, its first is.
        arrayMap(
            (name, before) -> name != before, several.account, arrayShiftRight(several.account, 1)
        ) AS opens,
        arrayMap(
            each -> each[place], if(startsWith({value:String}, 'first_'), several.first, several.last)
        ) AS values_of_several,
        arrayMap(each -> toString(each), {value:Identifier}) AS values_of_one
    SELECT
        customer, {depths:Identifier} AS depths_of_one,
        notEmpty(several) AS has_several,
        if(has_several, several.account, arrayMap(each -> accounts[1], started)) AS accounts_here,
        if(has_several, several.started, started) AS begun,
        if(has_several, several.ended, ended) AS finished,
        if(has_several, several.milestones, milestones) AS milestones_of,
        if(has_several, several.furthest, furthests) AS furthests_of,
        multiIf(
            NOT has_several, depths_of_one,
            {depths:String} = 'ordered_depths', several.ordered_depth,
            {depths:String} = 'strict_depths', several.strict_depth,
            several.furthest
        ) AS depths_of,
        if(has_several, arrayMap(at -> toUInt32(arrayLastIndex(began -> began <= at, started)), several.started),
            arrayEnumerate(started)) AS numbers,
        multiIf(
            {value:String} = 'segments', arrayMap(n -> segments[n], numbers),
            has_several, values_of_several, values_of_one
        ) AS values_of,
        if(has_several, arrayFill((one, opened) -> opened, values_of_several, opens),
            arrayMap(each -> values_of_one[1], started)) AS first_values,
        if(has_several, arrayFill((one, opened) -> opened, several.started, opens),
            arrayMap(each -> started[1], started)) AS first_times
    FROM journeys FINAL
    WHERE workspace = {workspace:String} AND build = {build:UInt32} AND notEmpty(accounts)
        AND last_at >= {from:Int64} AND first_at < {to:Int64}
) AS shares
ARRAY JOIN
    accounts_here AS account_here, begun AS began, finished AS over, milestones_of AS milestones_here,
    furthests_of AS furthest_here, depths_of AS depth_here, values_of AS value_here,
    first_values AS first_value, first_times AS first_time, numbers AS number
WHERE began >= {from:Int64} AND began < {to:Int64}
