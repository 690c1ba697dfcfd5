-- The last of the next records of a partition that is older than allowed, null when none is.
-- Binds: start id, end id, how many to look at, oldest stamp to keep.
SELECT max(id) FROM (SELECT id, stamp FROM records WHERE id >= ? AND id < ? ORDER BY id LIMIT ?) WHERE stamp < ?
