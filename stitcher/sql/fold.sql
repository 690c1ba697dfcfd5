-- Fold: replaces the journeys rows of the customers in one batch of spans, in every given build.
-- A customer without touchpoints (merged into another, or erased) gets a tombstone.
-- Binds workspace, batch, version, gap (ms of silence that end a journey), builds, sizes (phases of each build's
-- model); /*phases*/ stands for the models' compiled expressions, one UInt8 position a build; the marks `owner` and
-- `or led by banned` for owner.sql and led_by_banned.sql where anything is banned.
INSERT INTO journeys (
    workspace, build, customer, version, gone, first_at, last_at, touchpoints, value, furthest,
    reached_1, reached_2, reached_3, reached_4, reached_5, reached_6, reached_7, reached_8,
    reached_9, reached_10, reached_11, reached_12, reached_13, reached_14, reached_15,
    accounts, started, ended, sizes, values, furthests, ordered_depths, strict_depths, milestones,
    first_channel, last_channel, first_campaign, last_campaign, first_source, last_source,
    first_contact, last_contact, first_device, last_device, first_country, last_country, sequence,
    account_names, account_since, account_journeys
)
WITH
    touched AS (
        SELECT spans.customer AS customer, t.*
        FROM (
            SELECT
                /*owner*/ AS owner, toUnixTimestamp64Milli(at) AS ms, seq, event_id, ifNull(value, 0) AS worth, account,
                channel, campaign_name, campaign_source, contact, device_type, country,
                [/*phases*/]::Array(UInt8) AS phases
            FROM touchpoints
            WHERE workspace = {workspace:String} AND NOT bot
                AND (
                    identifier IN (SELECT identifier FROM spans WHERE batch = {batch:UInt64}) /*or led by banned*/
                )
        ) AS t
        INNER JOIN (SELECT * FROM spans WHERE batch = {batch:UInt64}) AS spans ON t.owner = spans.identifier
        WHERE t.ms >= spans.since AND t.ms < spans.until
        ORDER BY customer, ms, seq, event_id
        LIMIT 1 BY customer, event_id
    ),
    histories AS (
        SELECT
            customer,
            groupArray(ms) AS at_ms,
            groupArray(phases) AS phases_of,
            groupArray(worth) AS worths,
            groupArray(channel) AS channels,
            groupArray(campaign_name) AS campaigns,
            groupArray(campaign_source) AS sources,
            groupArray(contact) AS contacts,
            groupArray(device_type) AS devices,
            groupArray(country) AS countries,
            arraySort(groupUniqArrayIf(account, account != '')) AS accounts,
            -- A journey starts at the first touchpoint and after every gap, and ends before the next one starts.
            arrayMap((silence, n) -> n = 1 OR silence > {gap:Int64}, arrayDifference(at_ms), arrayEnumerate(at_ms)) AS starts,
            arrayPushBack(arrayPopFront(starts), true) AS ends,
            groupArray(account) AS accounts_of,
            arrayFilter(name -> name != '', accounts_of) AS named,
            arrayMap((name, before) -> name != before, named, arrayShiftRight(named, 1)) AS changed,
            arrayFilter((name, c) -> c, named, changed) AS account_names,
            arrayFilter((at, c) -> c, arrayFilter((at, name) -> name != '', at_ms, accounts_of), changed) AS account_since,
            -- A touchpoint that names no account counts for the one named last at or before its time, or else for the
            -- first: so of equal times those that name one come first. Empty unless the customer has several accounts.
            if(length(accounts) > 1, at_ms, []) AS told_at,
            arrayResize(accounts_of, length(told_at)) AS told,
            arraySort((n, at, name) -> (at, name = '', n), arrayEnumerate(told), told_at, told) AS order_told,
            arraySort((name, at, n) -> (at, name = '', n), told, told_at, arrayEnumerate(told)) AS told_in_order,
            arraySort(
                (name, n) -> n,
                arrayReverseFill(name -> name != '', arrayFill(name -> name != '', told_in_order)), order_told
            ) AS belongs,
            -- What counts for which account: (account, place, journey, ms, phases, values), by account and place.
            arraySort(each -> (each.1, each.2), arrayMap(
                (name, n, journey, at, phases, a, b, c, d, e, f) -> (name, n, journey, at, phases, [a, b, c, d, e, f]),
                belongs, arrayEnumerate(belongs), arrayCumSum(arrayResize(starts, length(belongs))), told_at,
                arrayResize(phases_of, length(belongs)), arrayResize(channels, length(belongs)),
                arrayResize(campaigns, length(belongs)), arrayResize(sources, length(belongs)),
                arrayResize(contacts, length(belongs)), arrayResize(devices, length(belongs)),
                arrayResize(countries, length(belongs))
            )) AS shares,
            arrayMap(each -> (each.1, each.3), shares) AS parts,
            arrayMap((part, before) -> part != before, parts, arrayShiftRight(parts, 1)) AS part_starts,
            arrayShiftLeft(part_starts, 1, true) AS part_ends
        FROM touched
        GROUP BY customer
    ),
    folded AS (
        SELECT
            customers.customer AS customer, build, size, h.*,
            arrayMap((at, each) -> at * 16 + each[k], at_ms, phases_of) AS packed,
            -- Touchpoints of equal time count in either order, so they stand in phase order.
            arrayMap(journey -> arraySort(journey), arraySplit((x, s) -> s, packed, starts)) AS journeys_packed,
            -- All journeys, and then what of them counts for which account.
            arrayConcat(journeys_packed, arrayMap(part -> arraySort(part), arraySplit(
                (x, s) -> s, arrayMap(each -> each.4 * 16 + each.5[k], shares), part_starts
            ))) AS pieces,
            -- Per journey and phase: when first reached. 2^58 stands for never, so that comparisons need no exception.
            arrayMap(
                journey -> arrayMap(
                    position -> arrayMin(
                        x -> if(bitAnd(x, 15) = position, bitShiftRight(x, 4), 288230376151711744), journey
                    ),
                    range(1, toUInt32(size) + 1)
                ),
                pieces
            ) AS reached,
            arrayResize(arrayReduce('minForEach', reached), 15, 288230376151711744) AS reached_ever,
            arrayMap(m -> if(m < 288230376151711744, m, -1), reached_ever) AS r,
            -- From first reaching phase 1 on: the first touchpoint that is a step back.
            arrayMap(
                (journey, m) -> arrayFilter(x -> bitAnd(x, 15) > 0 AND x > m[1] * 16, journey), pieces, reached
            ) AS onward,
            arrayMap(
                journey -> arrayFirst(
                    (x, before) -> bitAnd(x, 15) < bitAnd(before, 15),
                    arrayPushBack(journey, 4611686018427387904),
                    arrayPushFront(journey, 0)
                ),
                onward
            ) AS step_back,
            arrayMap(journey -> arrayMax(x -> bitAnd(x, 15), journey), pieces) AS furthests_of,
            arrayMap(
                m -> arrayFirstIndex(
                    (x, before) -> x = 288230376151711744 OR x < before,
                    arrayPushBack(m, 288230376151711744),
                    arrayPushFront(m, -1)
                ) - 1,
                reached
            ) AS ordered_of,
            arrayMap(
                (m, back) -> arrayFirstIndex(
                    (x, before, position) -> x = 288230376151711744 OR x < before OR x * 16 + position >= back,
                    arrayPushBack(m, 288230376151711744),
                    arrayPushFront(m, -1),
                    arrayEnumerate(arrayPushBack(m, 0))
                ) - 1,
                reached, step_back
            ) AS strict_of,
            arrayMap(journey -> arrayMap(m -> if(m < 288230376151711744, m, -1), journey), reached) AS milestones_of,
            length(journeys_packed) AS own
        FROM (SELECT DISTINCT customer FROM spans WHERE batch = {batch:UInt64}) AS customers
        LEFT JOIN histories AS h ON h.customer = customers.customer
        ARRAY JOIN
            {builds:Array(UInt32)} AS build, {sizes:Array(UInt8)} AS size,
            arrayEnumerate({builds:Array(UInt32)}) AS k
    )
SELECT
    {workspace:String}, build, customer, {version:UInt64}, empty(at_ms),
    if(empty(at_ms), -1, at_ms[1]), if(empty(at_ms), -1, at_ms[-1]), length(at_ms), arraySum(worths),
    arrayMax(x -> bitAnd(x, 15), packed),
    r[1], r[2], r[3], r[4], r[5], r[6], r[7], r[8], r[9], r[10], r[11], r[12], r[13], r[14], r[15],
    accounts,
    arrayFilter((x, s) -> s, at_ms, starts),
    arrayFilter((x, e) -> e, at_ms, ends),
    arrayMap(journey -> length(journey), journeys_packed),
    arrayMap(journey -> arraySum(journey), arraySplit((x, s) -> s, worths, starts)),
    arrayResize(furthests_of, own), arrayResize(ordered_of, own), arrayResize(strict_of, own),
    arrayResize(milestones_of, own),
    arrayFilter((x, s) -> s, channels, starts), arrayFilter((x, e) -> e, channels, ends),
    arrayFilter((x, s) -> s, campaigns, starts), arrayFilter((x, e) -> e, campaigns, ends),
    arrayFilter((x, s) -> s, sources, starts), arrayFilter((x, e) -> e, sources, ends),
    arrayFilter((x, s) -> s, contacts, starts), arrayFilter((x, e) -> e, contacts, ends),
    arrayFilter((x, s) -> s, devices, starts), arrayFilter((x, e) -> e, devices, ends),
    arrayFilter((x, s) -> s, countries, starts), arrayFilter((x, e) -> e, countries, ends),
    arrayFlatten(journeys_packed),
    account_names, account_since,
    arrayMap(
        (begin, end, furthest, ordered, strict, milestones) ->
            (begin.1, begin.4, end.4, furthest, ordered, strict, milestones, begin.6, end.6),
        arrayFilter((x, s) -> s, shares, part_starts), arrayFilter((x, e) -> e, shares, part_ends),
        arraySlice(furthests_of, own + 1), arraySlice(ordered_of, own + 1), arraySlice(strict_of, own + 1),
        arraySlice(milestones_of, own + 1)
    )
FROM folded
SETTINGS max_threads = 1, query_plan_remove_redundant_sorting = 0
