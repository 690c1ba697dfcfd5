-- Part `units`: each customer counts once, over the journeys in the range.
-- Reads part `journeys_in_range`.
-- Gives: value, began, furthest, depth, times (-1: never).
-- Binds: touch String (first: the value of the first journey that carries one; last: of the last).
SELECT
    if({touch:String} = 'first', argMinIf(here.value, here.valued, here.carries),
        argMaxIf(here.value, here.began, here.carries)) AS value,
    min(here.began) AS began,
    max(here.furthest) AS furthest,
    max(here.depth) AS depth,
    arrayMap(t -> if(t = 9223372036854775807, -1, t),
        minForEach(arrayMap(t -> if(t < 0, 9223372036854775807, t), here.times))) AS times
FROM journeys_in_range AS here
GROUP BY here.customer
