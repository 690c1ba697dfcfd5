-- How far the answers of some workspaces reach, per partition.
-- Binds workspaces.
SELECT workspace, partition, position
FROM progress FINAL
WHERE workspace IN {workspaces:Array(String)}
