-- Answers: a page of refused events, newest first, without their bodies.
-- Gives: id, stage, stamp (ms), first (ms), times, reason, detail, state, replayed_at (ms), replayed_by, source, path,
-- caller, import_id, size.
-- Binds: workspace String, from Int64 and to Int64 (ms), reason String, source String, id String, state String ('': any),
-- before Int64 (ms), before_id String, before_stage String, limit UInt64.
SELECT id, toString(stage), toUnixTimestamp64Milli(stamp), toUnixTimestamp64Milli(first), times, reason, detail,
    toString(state), toUnixTimestamp64Milli(replayed_at), replayed_by, source, path, caller, import_id, size
FROM rejects FINAL
WHERE workspace = {workspace:String}
    AND stamp >= fromUnixTimestamp64Milli({from:Int64}) AND stamp < fromUnixTimestamp64Milli({to:Int64})
    AND ({reason:String} = '' OR reason = {reason:String})
    AND ({source:String} = '' OR source = {source:String})
    AND ({id:String} = '' OR id = {id:String})
    AND ({state:String} = '' OR toString(state) = {state:String})
    AND (toUnixTimestamp64Milli(stamp), id, toString(stage))
        < ({before:Int64}, {before_id:String}, {before_stage:String})
ORDER BY stamp DESC, id DESC, toString(stage) DESC
LIMIT {limit:UInt64}
