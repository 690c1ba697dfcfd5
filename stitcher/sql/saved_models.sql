-- The orders that hold for the models of a workspace, one a name: what it says, or that it was dropped.
-- Binds workspace.
SELECT model, argMax(definition, asked), argMax(dropped, asked)
FROM models FINAL
WHERE workspace = {workspace:String}
GROUP BY model
ORDER BY model
