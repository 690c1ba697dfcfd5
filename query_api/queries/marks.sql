-- Part `marks`: per customer the values that touchpoints carry, in order.
-- Reads part `carriers`.
-- Gives: customer, marks: array of (ms, seq, event id, value).
-- Binds: workspace String.
SELECT
    if(empty(owners), identifier, owners[greatest(1, arrayLastIndex(moment -> moment <= ms, since))]) AS customer,
    arraySort(groupUniqArray((ms, seq, event_id, carried))) AS marks
FROM carriers
LEFT JOIN
(
    SELECT identifier, since, customer AS owners
    FROM identities FINAL
    WHERE workspace = {workspace:String}
) AS timelines USING (identifier)
GROUP BY customer
