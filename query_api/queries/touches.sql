-- Part `touches`: touchpoints with the customer that each belongs to at its time; those of flagged bots left out.
-- Copies of a touchpoint (the same customer and event_id) may appear until parts are merged.
-- Reads part `owned`.
-- Gives: the columns of touchpoints, owner (its identifier), ms (Int64), customer (UInt64).
-- Binds: workspace String, generation UInt32 (of the identities).
SELECT
    *, toUnixTimestamp64Milli(at) AS ms,
    if(empty(owners), owner, owners[greatest(1, arrayLastIndex(moment -> moment <= ms, owned_since))]) AS customer
FROM owned
LEFT JOIN
(
    SELECT identifier AS owner, since AS owned_since, customer AS owners
    FROM identities FINAL
    WHERE workspace = {workspace:String} AND generation = {generation:UInt32}
) AS timelines USING (owner)
WHERE NOT bot
