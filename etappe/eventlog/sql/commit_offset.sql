-- A group has done everything before `next`. Binds: topic, name, part, log_id, next.
INSERT INTO offsets (topic, name, part, log_id, next) VALUES (?, ?, ?, ?, ?)
ON CONFLICT (topic, name, part) DO UPDATE SET log_id = excluded.log_id, next = excluded.next
