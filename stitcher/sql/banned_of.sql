-- What is banned in a generation.
-- Binds workspace, generation.
SELECT identifier
FROM banned FINAL
WHERE workspace = {workspace:String} AND generation = {generation:UInt32} AND held
