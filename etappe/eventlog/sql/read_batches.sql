-- The batches of one partition, from the one that holds a record on: last offset, stamp, body.
-- Damage may have made a text of a column, which the driver would decode before anybody can look at it.
-- Binds: first id of the partition, id of the record, end id of the partition.
SELECT id - ?, CAST(stamp AS INTEGER), CAST(body AS BLOB) FROM batches WHERE id >= ? AND id < ? ORDER BY id
