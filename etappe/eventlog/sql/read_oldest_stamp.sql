-- The stamp of the oldest batch of a partition. Binds: start id, end id.
SELECT stamp FROM batches WHERE id >= ? AND id < ? ORDER BY id LIMIT 1
