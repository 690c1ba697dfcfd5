-- Answers: how many touchpoints of flagged bots in a range of whole days (UTC) are left out (copies count until they
-- are merged). Read from projection by_day.
-- Gives: touchpoints.
-- Binds: workspace String, from Int64, to Int64 (ms).
SELECT count()
FROM touchpoints
WHERE workspace = {workspace:String} AND bot
    AND toDate32(at) >= toDate32(fromUnixTimestamp64Milli({from:Int64}, 'UTC'))
    AND toDate32(at) < toDate32(fromUnixTimestamp64Milli({to:Int64}, 'UTC'))
