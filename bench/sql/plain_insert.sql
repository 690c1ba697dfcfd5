-- Stores the touchpoints of a workspace a second time, in the order of their key: what a rebuild is held against.
-- Binds workspace.
INSERT INTO plain
SELECT * FROM touchpoints WHERE workspace = {workspace:String}
ORDER BY workspace, identifier, at, event_id
