-- The newest id of a partition, null when it holds none. Binds: first id, end id of the partition.
SELECT max(id) FROM records WHERE id >= ? AND id < ?
