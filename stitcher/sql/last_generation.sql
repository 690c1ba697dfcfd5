-- The highest number of a generation a workspace ever had, 0 before the first change of rules.
-- Binds workspace.
SELECT max(generation) FROM generations WHERE workspace = {workspace:String}
