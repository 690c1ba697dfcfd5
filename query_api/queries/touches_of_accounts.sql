-- Part `touches_of_accounts`: touchpoints with the account that each counts for: the one that it names, or else the one
-- its customer belonged to at its time.
-- Reads part `touches`.
-- Gives: the columns of `touches`, counts_for (empty: no account).
-- Binds: workspace String, build UInt32.
SELECT here.*, if(here.account != '', here.account, belonging.belonged) AS counts_for
FROM touches AS here
ASOF LEFT JOIN
(
    -- The first account holds for the time before it, too; of several named at one time the last holds.
    SELECT customer AS whose, if(n = 1, -9223372036854775808, moment) AS since, argMax(name, n) AS belonged
    FROM journeys FINAL
    ARRAY JOIN account_names AS name, account_since AS moment, arrayEnumerate(account_names) AS n
    WHERE workspace = {workspace:String} AND build = {build:UInt32}
    GROUP BY customer, since
) AS belonging ON here.customer = belonging.whose AND here.ms >= belonging.since
