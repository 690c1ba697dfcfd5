-- The id of the newest record of a partition, null when it holds none. Binds: first id, end id of the partition.
SELECT max(id) FROM batches WHERE id >= ? AND id < ?
