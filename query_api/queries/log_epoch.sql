-- Answers: the epoch of a log.
-- Gives: epoch (0: the stitcher has not begun with this log).
-- Binds: name String (log:<id of the log>).
SELECT min(epoch)
FROM epochs
WHERE name = {name:String}
