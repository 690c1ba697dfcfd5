-- Answers: how many touchpoints of flagged bots are left out.
-- Gives: touchpoints.
-- Binds: workspace String, from Int64, to Int64.
SELECT uniqExact(event_id)
FROM touchpoints
WHERE workspace = {workspace:String} AND bot
    AND toUnixTimestamp64Milli(at) >= {from:Int64} AND toUnixTimestamp64Milli(at) < {to:Int64}
