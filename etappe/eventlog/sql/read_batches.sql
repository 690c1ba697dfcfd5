-- The batches of one partition, from the one that holds a record on: last offset, stamp, body.
-- Binds: first id of the partition, id of the record, end id of the partition.
SELECT id - ?, stamp, body FROM batches WHERE id >= ? AND id < ? ORDER BY id
