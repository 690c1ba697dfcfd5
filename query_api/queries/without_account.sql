-- Answers: how many customers with a journey in the range belong to no account.
-- Gives: customers.
-- Binds: workspace String, build UInt32, from Int64, to Int64, within Bool (with a part in the range; otherwise: that
-- began in it).
SELECT count()
FROM journeys FINAL
WHERE workspace = {workspace:String} AND build = {build:UInt32} AND empty(accounts)
    AND arrayExists(
        (began, over) -> if({within:Bool}, over, began) >= {from:Int64} AND began < {to:Int64}, started, ended
    )
