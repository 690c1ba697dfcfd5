-- Part `placed`: touchpoints with the customer that each belongs to at its time. An identifier that was never linked
-- is its own customer, so nothing is joined for it.
-- Reads part `touched`.
-- Gives: customer, ms, mark (what the expression says; 0: nothing).
-- Binds: workspace String, generation UInt32 (of the identities).
SELECT owner AS customer, ms, mark
FROM touched
WHERE owner NOT IN (
    SELECT identifier FROM identities
    WHERE workspace = {workspace:String} AND generation = {generation:UInt32})
UNION ALL
SELECT
    if(empty(owners), owner, owners[greatest(1, arrayLastIndex(moment -> moment <= ms, since))]) AS customer, ms, mark
FROM touched
INNER JOIN
(
    SELECT identifier AS owner, since, customer AS owners
    FROM identities FINAL
    WHERE workspace = {workspace:String} AND generation = {generation:UInt32}
) AS timelines USING (owner)
WHERE owner IN (
    SELECT identifier FROM identities
    WHERE workspace = {workspace:String} AND generation = {generation:UInt32})
