-- Part `parted`: each touchpoint with whom it counts for: one journey of its customer.
-- Reads part `stepped`.
-- Gives: its columns, unit_account (empty), whose, journey (from 1).
-- Binds: workspace String, build UInt32.
SELECT
    *, '' AS unit_account, customer AS whose,
    toUInt32(greatest(1, arrayLastIndex(began -> began <= ms, started))) AS journey
FROM stepped
LEFT JOIN
(
    SELECT customer, started
    FROM journeys FINAL
    WHERE workspace = {workspace:String} AND build = {build:UInt32}
) AS journeys_of USING (customer)
