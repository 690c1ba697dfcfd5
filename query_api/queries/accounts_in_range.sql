-- Part `journeys_in_range`: what of journeys counts for one account and began in the range; otherwise as
-- journeys_in_range.sql. A customer with several accounts has one row a journey and account; one with none has none.
-- Gives: customer, account, furthest, began, over, value, carries, valued (ms by which values are ranked), reached
-- (ms per phase, -1: never), allowed (the last phase that may count in the asked order).
-- Binds: workspace String, build UInt32, from Int64, to Int64, depths Identifier and the same as depths String
-- (furthests, ordered_depths, strict_depths), grouped Bool (false: the value is empty), value Identifier and the same
-- as value String (first_ or last_ and channel, campaign, source, contact, device or country), ever Bool (the value is
-- that of the customer's very first touchpoint that counts for the account, and ranked by its time).
SELECT
    customer, account_here AS account, furthest_here AS furthest, began, over,
    if({grouped:Bool}, if({ever:Bool}, first_value, value_here), '') AS value,
    true AS carries,
    if({ever:Bool}, first_time, began) AS valued, milestones_here AS reached, depth_here AS allowed
FROM
(
    WITH
        account_journeys AS several,
        indexOf(
            ['channel', 'campaign', 'source', 'contact', 'device', 'country'], splitByChar('_', {value:String})[2]
        ) AS place,
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
        if(has_several, values_of_several, values_of_one) AS values_of,
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
    first_values AS first_value, first_times AS first_time
WHERE began >= {from:Int64} AND began < {to:Int64}
