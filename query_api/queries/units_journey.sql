-- Part `units`: each journey counts by itself.
-- Reads part `journeys_timed`.
-- Lines marked `phase N` are left out for models with fewer phases.
-- Gives: value, began, over, furthest, depth, t_1, t_2, … (2^63 - 1: never), and who it is: account, customer and
-- number of the journey that first arrived at the phase asked about, arrived (ms, 2^63 - 1: none did), last_customer
-- (who was there at `over`).
-- Binds: nothing.
SELECT
    value, '' AS account, arrived, customer, number, customer AS last_customer, began, over, furthest, depth
    , t_1  -- phase 1
    , t_2  -- phase 2
    , t_3  -- phase 3
    , t_4  -- phase 4
    , t_5  -- phase 5
    , t_6  -- phase 6
    , t_7  -- phase 7
    , t_8  -- phase 8
    , t_9  -- phase 9
    , t_10  -- phase 10
    , t_11  -- phase 11
    , t_12  -- phase 12
    , t_13  -- phase 13
    , t_14  -- phase 14
    , t_15  -- phase 15
FROM journeys_timed
WHERE passes
