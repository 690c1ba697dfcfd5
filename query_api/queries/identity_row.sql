-- Answers: to whom an identifier belongs, from when on; no row: it was never linked and is its own customer.
-- Gives: type, since (ms), customer, members.
-- Binds: workspace String, generation UInt32, identifier UInt64.
SELECT type, since, customer, members
FROM identities FINAL
WHERE workspace = {workspace:String} AND identifier = {identifier:UInt64} AND generation = {generation:UInt32}
