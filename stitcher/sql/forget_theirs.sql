-- Removes an erased person's touchpoints; theirs.sql is put into it.
-- Binds workspace, and as theirs.sql.
DELETE FROM touchpoints WHERE workspace = {workspace:String} AND (/*theirs*/)
