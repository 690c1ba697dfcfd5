-- Part `carriers`: touchpoints that saw an experiment.
-- Gives: identifier, ms, seq, event_id, carried (the variant).
-- Binds: workspace String, experiment String.
SELECT identifier, toUnixTimestamp64Milli(at) AS ms, seq, event_id, experiments[{experiment:String}] AS carried
FROM touchpoints
WHERE workspace = {workspace:String} AND NOT bot AND mapContains(experiments, {experiment:String})
