-- Answers: the timelines of some identifiers that were linked.
-- Gives: identifier, since (ms), customer.
-- Binds: workspace String, generation UInt32, identifiers Array(UInt64).
SELECT identifier, since, customer
FROM identities FINAL
WHERE workspace = {workspace:String} AND identifier IN {identifiers:Array(UInt64)}
    AND generation = {generation:UInt32}
