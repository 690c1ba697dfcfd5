-- The tables of one log file; run once, before anybody can see the file. Binds nothing.
CREATE TABLE log (log_id TEXT NOT NULL, partitions INTEGER NOT NULL);
-- Records of one partition that were written together. id = topic number << 56 | partition << 44 | offset of the
-- last record, so a partition is a range in reading order; body: see sqlite_batch.py and, around it, sqlite_seal.py.
-- The id is not the primary key: rows that are always added at the end of their table make SQLite move no others.
CREATE TABLE batches (id INTEGER NOT NULL UNIQUE, stamp INTEGER NOT NULL, body BLOB NOT NULL);
-- Everything of a partition below this id was removed by retention: offsets go on from here.
CREATE TABLE floors (partition_id INTEGER PRIMARY KEY, floor INTEGER NOT NULL);
-- Who ever joined: retention waits for them.
CREATE TABLE groups (topic TEXT, name TEXT, PRIMARY KEY (topic, name)) WITHOUT ROWID;
CREATE TABLE offsets (
    topic TEXT, name TEXT, part INTEGER, log_id TEXT NOT NULL, next INTEGER NOT NULL,
    PRIMARY KEY (topic, name, part)
) WITHOUT ROWID;
