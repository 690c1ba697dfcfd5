-- A group reads a topic from now on. Binds: topic, name.
INSERT INTO groups (topic, name) VALUES (?, ?) ON CONFLICT DO NOTHING
