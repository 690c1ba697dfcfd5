-- The identity generations of a workspace that are active or filling, oldest first.
-- Binds workspace.
SELECT generation, toString(purpose), rules, known_until, name, toString(state), resolved_through, asked
FROM generations FINAL
WHERE workspace = {workspace:String} AND state != 'retired'
ORDER BY generation
