-- An erased person's touchpoints are erased, say their receipts; theirs.sql is put into it.
-- Binds workspace, and as theirs.sql.
INSERT INTO receipts (workspace, event_id, partition, position, outcome, reason, stamp)
SELECT workspace, event_id, partition, position, 'erased', 'erased', stamp
FROM receipts
WHERE workspace = {workspace:String} AND outcome = 'stored' AND event_id IN (
    SELECT event_id FROM touchpoints WHERE workspace = {workspace:String} AND (/*theirs*/)
)
