-- Everything of the partition below this id is gone. Binds: first id of the partition, floor.
INSERT INTO floors (partition_id, floor) VALUES (?, ?)
ON CONFLICT (partition_id) DO UPDATE SET floor = excluded.floor
