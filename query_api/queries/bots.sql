-- Answers: how many touchpoints of flagged bots in a range are left out (copies count until they are merged).
-- Gives: touchpoints.
-- Binds: workspace String, from Int64, to Int64.
SELECT count()
FROM touchpoints
WHERE workspace = {workspace:String} AND bot
    AND at >= fromUnixTimestamp64Milli({from:Int64}) AND at < fromUnixTimestamp64Milli({to:Int64})
