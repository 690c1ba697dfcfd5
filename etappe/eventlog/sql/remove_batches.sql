-- Retention takes the oldest batches of a partition. Binds: start id, end id.
DELETE FROM batches WHERE id >= ? AND id < ?
