-- The devices that some persons logged in on or claimed.
-- Binds workspace, nodes.
SELECT DISTINCT other
FROM links
WHERE workspace = {workspace:String} AND node IN {nodes:Array(UInt64)}
    AND (kind = 'login' AND NOT forward OR kind = 'alias' AND forward AND other_type = 'anonymous_id')
