-- Which workspaces have erasures: how many there are, and how many are done.
SELECT workspace, uniqExact(id), uniqExactIf(id, done)
FROM erasures
GROUP BY workspace
