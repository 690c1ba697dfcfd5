-- One appended record. Binds: id, stamp, key, value.
INSERT INTO records (id, stamp, key, value) VALUES (?, ?, ?, ?)
