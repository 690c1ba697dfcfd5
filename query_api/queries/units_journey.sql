-- Part `units`: each journey counts by itself.
-- Reads part `journeys_timed`.
-- Lines marked `each phase` stand once for every phase: #k is its number, #j that of the one before.
-- Gives: value, began, over, furthest, depth, t_1, t_2, … (2^63 - 1: never), and who it is: account, customer and
-- number of the journey that first arrived at the phase asked about, arrived (ms, 2^63 - 1: none did), last_customer
-- (who was there at `over`).
-- Binds: nothing.
SELECT
    value, '' AS account, arrived, customer, number, customer AS last_customer, began, over, furthest, depth
    , t_#k  -- each phase
FROM journeys_timed
WHERE passes
