-- Whether any touchpoint of a workspace names an account. Where none does, the engine keeps next to nothing of the column.
-- Binds workspace.
SELECT count()
FROM (SELECT 1 FROM touchpoints WHERE workspace = {workspace:String} AND account != '' LIMIT 1)
