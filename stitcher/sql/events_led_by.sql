-- The next events that banned identifiers lead and that name any of some identifiers: with what else they name and the
-- former ids that they tell, for the links that they make without those that are banned. Events that would make none are
-- left out.
-- Binds workspace, banned, naming, known_until (ms), after_stamp (ms) and after_event (hex; the row before), count.
SELECT
    identifier, identifiers, former, toUnixTimestamp64Milli(at) AS at_ms, toUnixTimestamp64Milli(stamp) AS stamp_ms,
    event_id, source, import_id, hex(event_id) AS event_key
FROM touchpoints
LEFT ANY JOIN (
    SELECT event_id, arraySort(groupUniqArray((other, toString(other_type)))) AS former
    FROM links
    WHERE workspace = {workspace:String} AND node IN {banned:Array(UInt64)} AND kind = 'alias' AND forward AND bypass = 0
    GROUP BY event_id
) AS aliases USING event_id
WHERE workspace = {workspace:String} AND identifier IN {banned:Array(UInt64)} AND consent_linking
    AND hasAny(identifiers, {naming:Array(UInt64)})
    AND length(arrayFilter(each -> NOT has({banned:Array(UInt64)}, each), identifiers)) + notEmpty(former) > 1
    AND stamp_ms <= {known_until:Int64}
    AND (stamp_ms, event_key) > ({after_stamp:Int64}, {after_event:String})
ORDER BY stamp_ms, event_key
LIMIT 1 BY event_key
LIMIT {count:UInt32}
