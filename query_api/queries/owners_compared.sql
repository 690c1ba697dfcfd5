-- Part `owners`: the customer of every identifier in two generations of identities that either links, of a device the
-- last one; without a row it is its own customer.
-- Gives: key (the identifier), before, after (customers).
-- Binds: workspace String, today UInt32, other UInt32 (generations).
SELECT
    identifier AS key,
    maxIf(customer[-1], generation = {today:UInt32}) AS customer_today,
    maxIf(customer[-1], generation = {other:UInt32}) AS customer_other,
    if(customer_today = 0, key, customer_today) AS before,
    if(customer_other = 0, key, customer_other) AS after
FROM identities FINAL
WHERE workspace = {workspace:String} AND generation IN ({today:UInt32}, {other:UInt32})
GROUP BY key
