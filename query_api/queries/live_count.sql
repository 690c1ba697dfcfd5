-- Answers: how many customers' journeys changed after a version.
-- Gives: customers.
-- Binds: workspace String, build UInt32, since UInt64 (excluded).
SELECT uniqExact(customer)
FROM journeys
WHERE workspace = {workspace:String} AND build = {build:UInt32} AND version > {since:UInt64}
