-- Part `marks`: per customer and account the values that touchpoints carry, in order; otherwise as marks.sql.
-- A touchpoint counts for the account that it names, or else for the one its customer belonged to at its time.
-- Reads part `carriers`.
-- Gives: customer, account, marks: array of (ms, seq, event id, value).
-- Binds: workspace String, generation UInt32 (of the identities), build UInt32.
SELECT
    customer, if(named != '', named, belonged) AS account,
    arraySort(groupUniqArray((ms, seq, event_id, carried))) AS marks
FROM
(
    SELECT
        if(empty(owners), owner, owners[greatest(1, arrayLastIndex(moment -> moment <= ms, since))]) AS customer,
        ms, seq, event_id, carried, toString(account) AS named
    FROM carriers
    LEFT JOIN
    (
        SELECT identifier AS owner, since, customer AS owners
        FROM identities FINAL
        WHERE workspace = {workspace:String} AND generation = {generation:UInt32}
    ) AS timelines USING (owner)
) AS carrying
ASOF LEFT JOIN
(
    -- The first account holds for the time before it, too; of several named at one time the last holds.
    SELECT customer, if(n = 1, -9223372036854775808, moment) AS since, argMax(name, n) AS belonged
    FROM journeys FINAL
    ARRAY JOIN account_names AS name, account_since AS moment, arrayEnumerate(account_names) AS n
    WHERE workspace = {workspace:String} AND build = {build:UInt32}
    GROUP BY customer, since
) AS belonging ON carrying.customer = belonging.customer AND carrying.ms >= belonging.since
GROUP BY customer, account
