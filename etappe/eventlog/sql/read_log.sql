-- The identity of a file. Binds nothing.
SELECT log_id, partitions FROM log
