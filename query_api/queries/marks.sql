-- Part `marks`: per customer the values that touchpoints carry, in order.
-- Reads part `carriers`.
-- Gives: customer, account (empty), marks: array of (ms, seq, event id, value).
-- Binds: workspace String, generation UInt32 (of the identities).
SELECT
    if(empty(owners), owner, owners[greatest(1, arrayLastIndex(moment -> moment <= ms, since))]) AS customer,
    '' AS account, arraySort(groupUniqArray((ms, seq, event_id, carried))) AS marks
FROM carriers
LEFT JOIN
(
    SELECT identifier AS owner, since, customer AS owners
    FROM identities FINAL
    WHERE workspace = {workspace:String} AND generation = {generation:UInt32}
) AS timelines USING (owner)
GROUP BY customer
