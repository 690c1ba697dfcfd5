-- The id below which a partition was emptied. Binds: first id of the partition.
SELECT floor FROM floors WHERE partition_id = ?
