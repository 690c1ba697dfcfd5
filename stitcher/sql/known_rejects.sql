-- What is stored of some refused events, for the rows that replace it to go on from.
-- Binds workspaces and ids.
SELECT workspace, id, toString(stage), version, position, log_position, toString(state),
    toUnixTimestamp64Milli(first), times, toUnixTimestamp64Milli(replayed_at), replayed_by
FROM rejects FINAL
WHERE workspace IN {workspaces:Array(String)} AND id IN {ids:Array(String)}
