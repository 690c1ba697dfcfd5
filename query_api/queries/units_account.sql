-- Part `units`: each account counts once, over the journeys in the range of all its customers.
-- Reads part `journeys_in_range`.
-- Gives: value, began, furthest, depth, times (-1: never).
-- Binds: touch String (first: the value of the journey that began first, of equal ones that of the lower
-- customer id; last: of the one that ended last, of equal ones that of the higher customer id).
SELECT
    if({touch:String} = 'first', argMinIf(here.value, (here.valued, here.customer), here.carries),
        argMaxIf(here.value, (here.over, here.customer), here.carries)) AS value,
    min(here.began) AS began,
    max(here.furthest) AS furthest,
    max(here.depth) AS depth,
    arrayMap(t -> if(t = 9223372036854775807, -1, t),
        minForEach(arrayMap(t -> if(t < 0, 9223372036854775807, t), here.times))) AS times
FROM journeys_in_range AS here
ARRAY JOIN here.accounts AS account
GROUP BY account
