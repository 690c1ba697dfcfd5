-- Whether an order for a model is among the facts.
-- Binds workspace, model, asked (ms).
SELECT count() FROM models
WHERE workspace = {workspace:String} AND model = {model:String} AND asked = {asked:Int64}
