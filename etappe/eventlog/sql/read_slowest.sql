-- How far the slowest group of a topic is in one partition: 0 where one has committed nothing there,
-- null when no group ever joined. Binds: part, log_id, topic.
SELECT min(coalesce(offsets.next, 0))
FROM groups LEFT JOIN offsets
    ON offsets.topic = groups.topic AND offsets.name = groups.name AND offsets.part = ? AND offsets.log_id = ?
WHERE groups.topic = ?
