-- Answers: refused events whole.
-- Gives: id, stage, body, encoding, outer, marks, agent, country, reason, detail, stamp (ms), source, path, caller, import_id.
-- Binds: workspace String, ids Array(String).
SELECT id, toString(stage), body, encoding, outer, marks, agent, country, reason, detail,
    toUnixTimestamp64Milli(stamp), source, path, caller, import_id
FROM rejects FINAL
WHERE workspace = {workspace:String} AND id IN {ids:Array(String)}
