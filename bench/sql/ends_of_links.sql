-- Both ends of every link.
-- Binds workspace.
SELECT node, other FROM links WHERE workspace = {workspace:String} AND forward
