-- The stamp of the oldest record of a partition. Binds: start id, end id.
SELECT stamp FROM records WHERE id >= ? AND id < ? ORDER BY id LIMIT 1
