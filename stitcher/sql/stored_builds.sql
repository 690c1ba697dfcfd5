-- The builds that a workspace has journeys of.
-- Binds workspace.
SELECT DISTINCT build FROM journeys WHERE workspace = {workspace:String}
