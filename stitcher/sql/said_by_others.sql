-- The earliest touchpoints, not of an erased person, that name several of some identifiers: by what they name and by
-- import one each. theirs.sql is put into it.
-- Binds workspace, nodes, and as theirs.sql.
SELECT
    identifiers, toUnixTimestamp64Milli(at) AS at_ms, toUnixTimestamp64Milli(stamp) AS stamp_ms, event_id, source,
    import_id
FROM touchpoints
WHERE workspace = {workspace:String} AND consent_linking AND NOT (/*theirs*/)
    AND arrayCount(each -> each IN {nodes:Array(UInt64)}, identifiers) > 1
ORDER BY stamp, event_id
LIMIT 1 BY identifiers, import_id
