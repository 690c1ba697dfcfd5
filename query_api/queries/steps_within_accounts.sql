-- Part `steps_within`: of each journey and account the touchpoints inside the range that count for it, at least one.
-- Reads part `touches_of_accounts`.
-- `/*phases*/` stands for the phase model's expression.
-- Gives: customer, account, number, value_here (its segment, if that is asked for), first_value and first_time (of the
-- customer's very first touchpoint that counts for the account), steps (in order: ms * 16 + phase position).
-- Binds: workspace String, build UInt32, from Int64, to Int64, first Identifier (the column that first_value is in) and
-- the same as first String, segmented Bool (value_here is wanted), conversion UInt8 (position of the phase),
-- lapsed Int64; the parameters of the expression.
SELECT
    customer, account, number, value_here,
    arrayFirst(share -> share.1 = account, account_journeys) AS first_share,
    if(empty(account_journeys), value_first, first_share.8[place]) AS first_value,
    if(empty(account_journeys), began_first, first_share.2) AS first_time,
    arrayFilter(step -> step >= begun * 16 AND step < (finished + 1) * 16, all_steps) AS steps
FROM
(
    SELECT customer, counts_for AS account, arraySort(groupArray(ms * 16 + position)) AS all_steps
    FROM
    (
        SELECT customer, counts_for, ms, event_id, toInt64(/*phases*/) AS position
        FROM touches_of_accounts
        WHERE counts_for != '' AND ms >= {from:Int64} AND ms < {to:Int64}
        LIMIT 1 BY customer, event_id
    ) AS inside
    GROUP BY customer, account
) AS taken
INNER JOIN
(
    WITH
        arrayMap(
            (n, silence, converted) -> multiIf(
                n = 1, 'new', silence > {lapsed:Int64}, 'lapsed', converted > 0, 'existing', 'returning'),
            arrayEnumerate(started),
            arrayMap((began, before) -> began - before, started, arrayShiftRight(ended, 1)),
            arrayShiftRight(arrayCumSum(furthest -> furthest >= {conversion:UInt8}, furthests), 1)
        ) AS segments
    SELECT
        customer, number, begun, finished, if({segmented:Bool}, segments[number], '') AS value_here,
        indexOf(
            ['channel', 'campaign', 'source', 'contact', 'device', 'country'], splitByChar('_', {first:String})[2]
        ) AS place,
        account_journeys, started[1] AS began_first, toString({first:Identifier}[1]) AS value_first
    FROM journeys FINAL
    ARRAY JOIN started AS begun, ended AS finished, arrayEnumerate(started) AS number
    WHERE workspace = {workspace:String} AND build = {build:UInt32}
        AND last_at >= {from:Int64} AND first_at < {to:Int64} AND finished >= {from:Int64} AND begun < {to:Int64}
) AS whole USING (customer)
WHERE notEmpty(steps)
