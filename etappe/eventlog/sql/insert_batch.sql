-- One batch of appended records. Binds: id, stamp, body.
INSERT INTO batches (id, stamp, body) VALUES (?, ?, ?)
