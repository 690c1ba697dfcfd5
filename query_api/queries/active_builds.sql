-- Answers: which builds of a workspace answer, by model.
-- Gives: model, build, model_version, definition (YAML).
-- Binds: workspace String.
SELECT model, build, model_version, definition
FROM builds FINAL
WHERE workspace = {workspace:String} AND state = 'active'
ORDER BY model, build
