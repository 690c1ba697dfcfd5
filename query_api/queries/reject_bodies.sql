-- Refused events whole. Binds workspace, ids.
SELECT id, toString(stage), body, encoding, outer, marks, agent, country, reason, detail,
    toUnixTimestamp64Milli(stamp), source, path, caller, import_id
FROM rejects FINAL
WHERE workspace = {workspace:String} AND id IN {ids:Array(String)}
