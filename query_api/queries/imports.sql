-- Answers: the imports of a workspace, latest receipt first.
-- Gives: import_id, touchpoints (there now), undone (that were taken back), first, last (receipt, ms; 0: none),
-- asked (when it was undone last, ms; 0: never), concerned (identifiers whose journeys are still to be made again).
-- Binds: workspace String.
SELECT
    import_id,
    sum(there) AS touchpoints,
    sum(gone) AS undone,
    minIf(first_ms, first_ms > 0) AS first,
    max(last_ms) AS last,
    max(asked_ms) AS asked,
    sum(left) AS concerned
FROM
(
    SELECT
        import_id, uniqExact(event_id) AS there, 0 AS gone, toUnixTimestamp64Milli(min(stamp)) AS first_ms,
        toUnixTimestamp64Milli(max(stamp)) AS last_ms, 0 AS asked_ms, 0 AS left
    FROM touchpoints
    WHERE workspace = {workspace:String} AND import_id != ''
    GROUP BY import_id
    UNION ALL
    SELECT
        import_id, 0, touchpoints, toUnixTimestamp64Milli(first), toUnixTimestamp64Milli(last),
        toUnixTimestamp64Milli(asked), 0
    FROM undone_imports FINAL
    WHERE workspace = {workspace:String}
    UNION ALL
    SELECT import_id, 0, 0, 0, 0, 0, uniqExact(identifier)
    FROM undoing
    WHERE workspace = {workspace:String}
    GROUP BY import_id
)
GROUP BY import_id
ORDER BY last DESC, import_id
