-- How old and large the batches of a partition are. Binds: start id, end id.
SELECT id, stamp, length(body) FROM batches WHERE id >= ? AND id < ? ORDER BY id
