-- Answers: when the journeys of certain customers began and ended.
-- Gives: customer, started (array of ms), ended (array of ms).
-- Binds: workspace String, build UInt32, customers Array(UInt64).
SELECT customer, started, ended
FROM journeys FINAL
WHERE workspace = {workspace:String} AND build = {build:UInt32} AND customer IN {customers:Array(UInt64)}
