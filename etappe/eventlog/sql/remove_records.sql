-- Retention takes the oldest records of a partition. Binds: start id, end id.
DELETE FROM records WHERE id >= ? AND id < ?
