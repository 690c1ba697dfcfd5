-- Answers: how many touchpoints of flagged bots are left out (copies count until they are merged).
-- Gives: touchpoints.
-- Binds: workspace String.
SELECT count()
FROM touchpoints
WHERE workspace = {workspace:String} AND bot
