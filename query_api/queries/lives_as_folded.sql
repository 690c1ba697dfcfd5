-- Part `lives`: customers with a touchpoint in a range that has no end, from scalar columns of their row.
-- Gives: customer, first_at, last_at (ms), journeys (how many), worth.
-- Binds: workspace String, build UInt32, from Int64.
SELECT customer, first_at, last_at, length(started) AS journeys, value AS worth
FROM journeys FINAL
WHERE workspace = {workspace:String} AND build = {build:UInt32} AND last_at >= {from:Int64}
