-- Which of some imports were undone, and when last (ms): what the collector got of them until then is gone.
-- Binds workspaces, imports.
SELECT workspace, import_id, toUnixTimestamp64Milli(max(asked))
FROM undone_imports
WHERE workspace IN {workspaces:Array(String)} AND import_id IN {imports:Array(String)}
GROUP BY workspace, import_id
