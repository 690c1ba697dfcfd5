-- Part `journeys_in_range`: the journeys of part `journeys_unfiltered`, and whether one touchpoint meets all filters.
-- Reads parts `journeys_unfiltered` and `passing`.
-- Gives: the columns of `journeys_unfiltered`, `passes` among them.
-- Binds: nothing.
SELECT here.*, arrayExists(moment -> moment >= began AND moment <= over, moments) AS passes
FROM (SELECT * EXCEPT (passes) FROM journeys_unfiltered) AS here
LEFT JOIN passing USING (customer, account)
