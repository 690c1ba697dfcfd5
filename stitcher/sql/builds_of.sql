-- The builds of a workspace that are active or filling, oldest first.
-- Binds workspace.
SELECT build, definition, toString(state), filled_through, generation, fold
FROM builds FINAL
WHERE workspace = {workspace:String} AND state != 'retired'
ORDER BY build
