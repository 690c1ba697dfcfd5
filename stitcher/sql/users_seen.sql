-- Which of some user ids have touchpoints (a touchpoint with a user id always belongs to it).
-- Binds workspace, nodes.
SELECT DISTINCT identifier
FROM touchpoints
WHERE workspace = {workspace:String} AND identifier IN {nodes:Array(UInt64)}
