-- The highest build number a workspace ever had, 0 before the first.
-- Binds workspace.
SELECT max(build) FROM builds WHERE workspace = {workspace:String}
