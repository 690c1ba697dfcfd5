-- The identity rules of a workspace that held at a time; no row: the default ones.
-- Binds workspace, time (ms).
SELECT rules
FROM identity_rules FINAL
WHERE workspace = {workspace:String} AND asked <= {time:Int64}
ORDER BY asked DESC
LIMIT 1
