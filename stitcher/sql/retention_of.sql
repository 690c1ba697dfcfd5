-- The latest order of a workspace to let old touchpoints go; zeros before the first.
-- Gives: before (ms), asked (ms).
-- Binds workspace.
SELECT max(before), max(asked) FROM retentions WHERE workspace = {workspace:String}
