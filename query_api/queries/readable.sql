-- Answers: whether the tables can be read.
-- Gives: one number.
-- Binds: nothing.
SELECT count()
FROM builds
