-- Fold: replaces the journeys rows of the customers in one batch of spans, in every given build.
-- The mark `tombstones` stands for tombstones.sql, or for nothing where there is nothing to replace.
-- Binds workspace, batch, version, gap (ms of silence that end a journey), builds, sizes (phases of each build's
-- model); the mark `phases` stands for the models' compiled expressions, four bits a build;
-- `stored` for where the touchpoints of the batch are (stored_under_spans.sql or stored_between.sql, with what these
-- bind); `accounts` for fold_accounts.sql, or fold_no_accounts.sql where no touchpoint names one; `threads` for how many
-- may read and sort (the groups are made from one sorted stream); `owner` and `or led by banned` for owner.sql and
-- led_by_banned.sql where anything is banned.
INSERT INTO journeys (
    workspace, build, customer, version, gone, first_at, last_at, touchpoints, value, furthest,
    reached_1, reached_2, reached_3, reached_4, reached_5, reached_6, reached_7, reached_8,
    reached_9, reached_10, reached_11, reached_12, reached_13, reached_14, reached_15,
    accounts, started, ended, sizes, values, furthests, ordered_depths, strict_depths, milestones,
    first_channel, last_channel, first_campaign, last_campaign, first_source, last_source,
    first_contact, last_contact, first_device, last_device, first_country, last_country, sequence,
    account_names, account_since, account_journeys, channels, contacts, sentiment_at, sentiments
)
WITH
    touched AS (
        SELECT spans.customer AS customer, t.*
        FROM (
            SELECT
                /*owner*/ AS owner, toUnixTimestamp64Milli(at) AS ms, seq, event_id, ifNull(value, 0) AS worth,
                isNotNull(sentiment) AS is_felt, ifNull(sentiment, 0) AS feeling,
                indexOf(['interactive', 'static', 'human'], contact) + 4 * offline AS met,
                channel, campaign_name, campaign_source, device_type, country, account, /*phases*/ AS phases
            FROM touchpoints
            WHERE workspace = {workspace:String} AND NOT bot AND (/*stored*/ /*or led by banned*/)
        ) AS t
        INNER JOIN (SELECT * FROM spans WHERE batch = {batch:UInt64}) AS spans ON t.owner = spans.identifier
        WHERE t.ms >= spans.since AND t.ms < spans.until
        ORDER BY customer, ms, seq, event_id
        LIMIT 1 BY customer, event_id
    ),
    gathered AS (
        SELECT
            customer, groupArray(ms) AS at_ms, groupArray(phases) AS phases_of, groupArray(worth) AS worths,
            groupArray(met) AS mets, groupArray(channel) AS channels,
            -- Each by itself: as tuples they take five times as long.
            groupArray(campaign_name) AS campaigns, groupArray(campaign_source) AS sources,
            groupArray(device_type) AS devices, groupArray(country) AS countries,
            groupArray(account != '') AS is_named, groupArrayIf(account, account != '') AS named,
            groupArrayIf(ms, is_felt) AS felt_at, groupArrayIf(feeling, is_felt) AS felt
        FROM touched
        GROUP BY customer
    ),
    histories AS (
        SELECT
            customer, at_ms, phases_of, mets, channels, felt_at, felt,
            -- A journey starts at the first touchpoint and after every gap, and ends before the next one starts.
            arrayMap((silence, n) -> n = 1 OR silence > {gap:Int64}, arrayDifference(at_ms), arrayEnumerate(at_ms)) AS starts,
            arrayShiftLeft(starts, 1, true) AS ends,
            arrayFilter((x, s) -> s, at_ms, starts) AS started,
            arrayFilter((x, e) -> e, at_ms, ends) AS ended,
            arraySum(worths) AS value,
            arrayMap(journey -> arraySum(journey), arraySplit((x, s) -> s, worths, starts)) AS values,
            -- Texts are dear to filter; most customers have one journey.
            if(length(started) = 1, [channels[1]], arrayFilter((x, s) -> s, channels, starts)) AS first_channels,
            if(length(started) = 1, [channels[-1]], arrayFilter((x, e) -> e, channels, ends)) AS last_channels,
            if(length(started) = 1, [campaigns[1]], arrayFilter((x, s) -> s, campaigns, starts)) AS first_campaigns,
            if(length(started) = 1, [campaigns[-1]], arrayFilter((x, e) -> e, campaigns, ends)) AS last_campaigns,
            if(length(started) = 1, [sources[1]], arrayFilter((x, s) -> s, sources, starts)) AS first_sources,
            if(length(started) = 1, [sources[-1]], arrayFilter((x, e) -> e, sources, ends)) AS last_sources,
            if(length(started) = 1, [devices[1]], arrayFilter((x, s) -> s, devices, starts)) AS first_devices,
            if(length(started) = 1, [devices[-1]], arrayFilter((x, e) -> e, devices, ends)) AS last_devices,
            if(length(started) = 1, [countries[1]], arrayFilter((x, s) -> s, countries, starts)) AS first_countries,
            if(length(started) = 1, [countries[-1]], arrayFilter((x, e) -> e, countries, ends)) AS last_countries,
            ['', 'interactive', 'static', 'human'] AS contacts,
            arrayMap(met -> contacts[1 + bitAnd(met, 3)], arrayFilter((x, s) -> s, mets, starts)) AS first_contacts,
            arrayMap(met -> contacts[1 + bitAnd(met, 3)], arrayFilter((x, e) -> e, mets, ends)) AS last_contacts,
            /*accounts*/
        FROM gathered
    ),
    folded AS (
        SELECT
            customer, build, size, h.* EXCEPT (customer),
            arrayMap((at, each) -> at * 16 + toUInt8(bitAnd(bitShiftRight(each, place), 15)), at_ms, phases_of) AS packed,
            -- Touchpoints of equal time count in either order, so they stand in phase order.
            arrayMap(journey -> arraySort(journey), arraySplit((x, s) -> s, packed, starts)) AS journeys_packed,
            -- All journeys, and then what of them counts for which account.
            arrayConcat(journeys_packed, arrayMap(part -> arraySort(part), arraySplit(
                (x, s) -> s, arrayMap(each -> each.4 * 16 + toUInt8(bitAnd(bitShiftRight(each.5, place), 15)), shares), part_starts
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
        FROM histories AS h
        /*tombstones*/
        ARRAY JOIN
            {builds:Array(UInt32)} AS build, {sizes:Array(UInt8)} AS size,
            arrayMap(k -> toUInt8(4 * (k - 1)), arrayEnumerate({builds:Array(UInt32)})) AS place
    )
SELECT
    {workspace:String}, build, customer, {version:UInt64}, empty(at_ms),
    if(empty(at_ms), -1, at_ms[1]), if(empty(at_ms), -1, at_ms[-1]), length(at_ms), value,
    arrayMax(x -> bitAnd(x, 15), packed),
    r[1], r[2], r[3], r[4], r[5], r[6], r[7], r[8], r[9], r[10], r[11], r[12], r[13], r[14], r[15],
    accounts, started, ended,
    arrayMap(journey -> length(journey), journeys_packed),
    values,
    arrayResize(furthests_of, own), arrayResize(ordered_of, own), arrayResize(strict_of, own),
    arrayResize(milestones_of, own),
    first_channels, last_channels, first_campaigns, last_campaigns, first_sources, last_sources,
    first_contacts, last_contacts, first_devices, last_devices, first_countries, last_countries,
    arrayFlatten(journeys_packed),
    account_names, account_since,
    arrayMap(
        (begin, end, furthest, ordered, strict, milestones) ->
            (begin.1, begin.4, end.4, furthest, ordered, strict, milestones, begin.6, end.6),
        arrayFilter((x, s) -> s, shares, part_starts), arrayFilter((x, e) -> e, shares, part_ends),
        arraySlice(furthests_of, own + 1), arraySlice(ordered_of, own + 1), arraySlice(strict_of, own + 1),
        arraySlice(milestones_of, own + 1)
    ),
    channels, mets, felt_at, felt
FROM folded
SETTINGS max_threads = /*threads*/, query_plan_remove_redundant_sorting = 0, optimize_on_insert = 0
