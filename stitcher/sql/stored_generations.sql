-- The generations that a workspace has identities of.
-- Binds workspace.
SELECT DISTINCT generation FROM identities WHERE workspace = {workspace:String}
