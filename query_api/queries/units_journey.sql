-- Part `units`: each journey counts by itself.
-- Reads part `journeys_in_range`.
-- Gives: value, began, furthest, depth, times (-1: never).
-- Binds: nothing.
SELECT value, began, furthest, depth, times
FROM journeys_in_range
