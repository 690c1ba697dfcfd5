-- Part `carriers`: touchpoints that saw an experiment.
-- Reads part `owned`.
-- Gives: owner (the identifier), ms, seq, event_id, account, carried (the variant).
-- Binds: experiment String.
SELECT owner, toUnixTimestamp64Milli(at) AS ms, seq, event_id, account, experiments[{experiment:String}] AS carried
FROM owned
WHERE NOT bot AND mapContains(experiments, {experiment:String})
