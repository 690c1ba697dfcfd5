-- Answers: up to which receipt journeys are complete, and by which version of the identities.
-- Gives: stamp (ms, 0: nothing yet), identity_version.
-- Binds: workspace String.
SELECT toUnixTimestamp64Milli(max(stamp)), max(identity_version)
FROM progress FINAL
WHERE workspace = {workspace:String}
