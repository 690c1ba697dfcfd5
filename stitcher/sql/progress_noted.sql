-- Changes: the progress of a workspace is that of another version of its identities; how far it reaches stays.
-- Binds: workspace String, version UInt64.
INSERT INTO progress (workspace, partition, position, stamp, identity_version)
SELECT workspace, partition, position, stamp, {version:UInt64}
FROM progress FINAL
WHERE workspace = {workspace:String}
