-- One decision, whether it holds or not.
-- Binds workspace, id.
SELECT id, toString(kind), a, a_type, b, b_type, asked, asked_by, note, taken_back
FROM decisions FINAL
WHERE workspace = {workspace:String} AND id = {id:String}
