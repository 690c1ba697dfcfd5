-- Part `parted`: each touchpoint with whom it counts for: the account that it names, or else the one that its customer
-- belonged to at its time; those without one are left out.
-- Reads part `stepped`.
-- Gives: its columns, unit_account, whose (0), journey (0).
-- Binds: workspace String, build UInt32.
SELECT
    stepped.customer AS customer, ms, seq, event_id, mask, held, valued,
    if(account != '', account, belonged) AS unit_account, 0::UInt64 AS whose, 0::UInt32 AS journey
FROM stepped
ASOF LEFT JOIN
(
    -- The first account holds for the time before it, too; of several named at one time the last holds.
    SELECT customer, if(n = 1, -9223372036854775808, moment) AS since, argMax(name, n) AS belonged
    FROM journeys FINAL
    ARRAY JOIN account_names AS name, account_since AS moment, arrayEnumerate(account_names) AS n
    WHERE workspace = {workspace:String} AND build = {build:UInt32}
    GROUP BY customer, since
) AS belonging ON stepped.customer = belonging.customer AND stepped.ms >= belonging.since
WHERE unit_account != ''
