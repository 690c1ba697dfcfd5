-- Answers: everything about the journeys of some customers.
-- Gives: customer, number, began, over (ms), touchpoints, value, furthest, position (of the phase that it is in;
-- 0: none), entered (ms: since when; 0: none), reached (ms per phase, -1: never), dwells (ms per phase), counts
-- (touchpoints per phase), regressions, reentries, channels: array of (channel, touchpoints), contacts (interactive,
-- static, human, online, offline), curve: array of (ms, sentiment).
-- Binds: workspace String, build UInt32, customers Array(UInt64).
WITH
    arraySlice(sequence, through - size + 1, size) AS own,
    arrayFilter(x -> bitAnd(x, 15) > 0, own) AS mapped,
    arrayMap(x -> toUInt8(bitAnd(x, 15)), mapped) AS positions,
    arrayMap(x -> bitShiftRight(x, 4), mapped) AS moments,
    arrayMap(
        (moment, following) -> following - moment, moments, arrayShiftLeft(moments, 1, over)
    ) AS stays,
    arraySlice(channels, through - size + 1, size)::Array(String) AS through_channels,
    arraySlice(contacts, through - size + 1, size) AS through_contacts,
    range(1, toUInt8(length(reached) + 1)) AS phases
SELECT
    customer, number, began, over, size, value_here, furthest_here,
    positions[-1] AS position,
    moments[1 + arrayLastIndex(each -> each != position, positions)] AS entered,
    reached,
    arrayMap(phase -> arraySum((stay, each) -> if(each = phase, stay, 0), stays, positions), phases) AS dwells,
    arrayMap(phase -> countEqual(positions, phase), phases) AS counts,
    arrayCount((each, before) -> each < before, positions, arrayShiftRight(positions, 1)) AS regressions,
    arrayCount((each, before) -> each != before, positions, arrayShiftRight(positions, 1))
        - length(arrayDistinct(positions)) AS reentries,
    arraySort(
        (each) -> (-each.2, each.1),
        arrayMap(each -> (each, countEqual(through_channels, each)), arrayDistinct(through_channels))
    ) AS channels_here,
    [
        arrayCount(each -> bitAnd(each, 3) = 1, through_contacts),
        arrayCount(each -> bitAnd(each, 3) = 2, through_contacts),
        arrayCount(each -> bitAnd(each, 3) = 3, through_contacts),
        arrayCount(each -> each < 4, through_contacts),
        arrayCount(each -> each >= 4, through_contacts)
    ] AS contacts_here,
    arrayFilter(each -> each.1 >= began AND each.1 <= over, arrayZip(sentiment_at, sentiments)) AS curve
FROM journeys FINAL
ARRAY JOIN
    started AS began, ended AS over, arrayEnumerate(started) AS number, sizes AS size, arrayCumSum(sizes) AS through,
    values AS value_here, furthests AS furthest_here, milestones AS reached
WHERE workspace = {workspace:String} AND build = {build:UInt32} AND customer IN {customers:Array(UInt64)}
