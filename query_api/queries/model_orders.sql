-- Answers: what operators ordered of phase models, the latest first.
-- Gives: model, asked (ms), model_version, definition (YAML; empty where it was dropped), asked_by, dropped.
-- Binds: workspace String, model String (empty: all).
SELECT model, asked, model_version, definition, asked_by, dropped
FROM models FINAL
WHERE workspace = {workspace:String} AND ({model:String} = '' OR model = {model:String})
ORDER BY asked DESC, model
