-- Gives a workspace of its own a copy of the customers with the lowest ids of another.
-- Binds workspace, smaller (its name), last (the highest id).
INSERT INTO touchpoints
SELECT * REPLACE ({smaller:String} AS workspace)
FROM (SELECT * FROM touchpoints WHERE workspace = {workspace:String} AND identifier <= {last:UInt64})
