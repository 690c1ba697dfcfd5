-- The records of one partition from an id on, as fields of Record.
-- Binds: topic, partition, first id of the partition, start id, end id of the partition, limit.
SELECT ?, ?, id - ?, key, value, stamp FROM records WHERE id >= ? AND id < ? ORDER BY id LIMIT ?
