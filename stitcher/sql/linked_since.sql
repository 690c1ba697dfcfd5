-- Which of some identifiers any link names.
-- Binds workspace, gone.
SELECT DISTINCT node FROM links WHERE workspace = {workspace:String} AND node IN {gone:Array(UInt64)}
