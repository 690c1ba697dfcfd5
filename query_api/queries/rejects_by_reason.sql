-- Answers: how many events were refused, by reason.
-- Gives: reason, count, open, replayed, times, first (ms), last (ms).
-- Binds: workspace String, from Int64 and to Int64 (ms), source String, state String ('': any), reason String, id String.
SELECT reason, count(), countIf(state = 'open'), countIf(state = 'replayed'), sum(times),
    toUnixTimestamp64Milli(min(first)), toUnixTimestamp64Milli(max(stamp))
FROM rejects FINAL
WHERE workspace = {workspace:String}
    AND stamp >= fromUnixTimestamp64Milli({from:Int64}) AND stamp < fromUnixTimestamp64Milli({to:Int64})
    AND ({reason:String} = '' OR reason = {reason:String})
    AND ({source:String} = '' OR source = {source:String})
    AND ({id:String} = '' OR id = {id:String})
    AND ({state:String} = '' OR toString(state) = {state:String})
GROUP BY reason
ORDER BY count() DESC, reason
