-- Answers: the latest version among the journeys of a build: what is newer has changed since.
-- Gives: version (0: there are none).
-- Binds: workspace String, build UInt32.
SELECT max(version)
FROM journeys
WHERE workspace = {workspace:String} AND build = {build:UInt32}
