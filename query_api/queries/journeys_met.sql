-- Part `journeys_ended`: journeys of which one touchpoint meets all filters; /*where*/ stands for the filters.
-- Reads parts `journeys_found` and `touches`.
-- Gives: customer, number, began, over, furthest, own, as journeys_ended.sql.
-- Binds: the parameters of the filters.
SELECT customer, number, began, over, furthest, own
FROM journeys_found
INNER JOIN (SELECT customer, groupArray(ms) AS met FROM touches WHERE /*where*/ GROUP BY customer) AS meeting
    USING (customer)
WHERE arrayExists(moment -> moment >= began AND moment <= over, met)
