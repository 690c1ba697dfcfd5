-- The identity of a new file. Binds: log_id, partitions.
INSERT INTO log (log_id, partitions) VALUES (?, ?)
