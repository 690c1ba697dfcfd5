-- The decisions of a workspace that held at a time, oldest first.
-- Binds workspace, time (ms).
SELECT id, toString(kind), a, a_type, b, b_type, asked, asked_by, note, taken_back
FROM decisions FINAL
WHERE workspace = {workspace:String} AND asked <= {time:Int64} AND (taken_back = 0 OR taken_back > {time:Int64})
ORDER BY asked, id
