-- Answers: up to which receipt touchpoints are there. Read from projection by_day.
-- Gives: stamp (ms, 0: none).
-- Binds: workspace String.
SELECT toUnixTimestamp64Milli(max(stamp))
FROM touchpoints
WHERE workspace = {workspace:String}
