-- Every epoch taken so far.
-- Binds nothing.
SELECT name, epoch FROM epochs ORDER BY epoch
