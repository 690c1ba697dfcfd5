-- Part `path_journeys`: those of part `journeys_found` of which one touchpoint meets all filters.
-- Reads parts `journeys_found` and `touches`; `/*where*/` stands for the filters' expression.
-- Gives: customer, began, over, converted, packed.
-- Binds: the parameters of the expression.
SELECT customer, began, over, converted, packed
FROM journeys_found
INNER JOIN
(
    SELECT customer, groupUniqArray(ms) AS met
    FROM touches
    WHERE /*where*/
    GROUP BY customer
) AS meeting USING (customer)
WHERE arrayExists(moment -> moment >= began AND moment <= over, met)
