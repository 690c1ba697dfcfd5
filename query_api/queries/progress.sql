-- Answers: how far the answers of a workspace reach, per partition of the log.
-- Gives: partition, position (epoch of the log * 2^40 + offset).
-- Binds: workspace String.
SELECT partition, position
FROM progress FINAL
WHERE workspace = {workspace:String}
