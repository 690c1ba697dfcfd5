-- Answers: how many customers with a journey in the range belong to no account.
-- Gives: customers.
-- Binds: workspace String, build UInt32, from Int64, to Int64.
SELECT count()
FROM journeys FINAL
WHERE workspace = {workspace:String} AND build = {build:UInt32} AND empty(accounts)
    AND arrayExists(began -> began >= {from:Int64} AND began < {to:Int64}, started)
