-- Answers: what the stitcher made of an order to erase somebody; no row: it has not come to it.
-- Gives: identifiers, done (whether nothing is left), asked (ms), asked_by.
-- Binds: workspace String, id String.
SELECT uniqExact(identifier) AS identifiers, min(done) AS all_done, max(asked) AS asked_ms, any(asked_by) AS by_key
FROM erasures FINAL
WHERE workspace = {workspace:String} AND id = {id:String}
HAVING identifiers > 0
