-- Part `persons`: the channel of the very first touchpoint, by customer.
-- `/*place*/` stands for the place among the values asked for.
-- Gives: customer, place, said.
-- Binds: workspace String, build UInt32.
SELECT customer, /*place*/ AS place, toString(first_channel[1]) AS said
FROM journeys FINAL
WHERE workspace = {workspace:String} AND build = {build:UInt32}
