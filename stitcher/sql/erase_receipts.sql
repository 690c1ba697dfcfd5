-- The touchpoints of an import are erased, say their receipts.
-- Binds workspace, import_id, asked (ms).
INSERT INTO receipts (workspace, event_id, partition, position, outcome, reason, stamp)
SELECT workspace, event_id, partition, position, 'erased', 'undone', stamp
FROM receipts
WHERE workspace = {workspace:String} AND outcome = 'stored' AND event_id IN (
    SELECT event_id FROM touchpoints
    WHERE workspace = {workspace:String} AND import_id = {import_id:String}
        AND toUnixTimestamp64Milli(stamp) <= {asked:Int64}
)
