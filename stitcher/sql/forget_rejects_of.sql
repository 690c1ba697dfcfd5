-- Removes some refused events.
-- Binds workspace, ids.
DELETE FROM rejects WHERE workspace = {workspace:String} AND id IN {ids:Array(String)}
