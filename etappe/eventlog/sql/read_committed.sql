-- What a group has committed in this life of the log. Binds: topic, name, log_id.
SELECT part, next FROM offsets WHERE topic = ? AND name = ? AND log_id = ?
