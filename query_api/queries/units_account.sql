-- Part `units`: each account counts once, over what counts for it of the journeys in the range.
-- Reads part `journeys_timed`.
-- Lines marked `phase N` are left out for models with fewer phases.
-- Gives: value, began, over, furthest, depth, t_1, t_2, … (2^63 - 1: never), and who it is: account, customer and
-- number of the journey that first arrived at the phase asked about, arrived (ms, 2^63 - 1: none did), last_customer
-- (who was there at `over`).
-- Binds: touch String (first: the value of the journey that began first, of equal ones that of the lower customer
-- id; last: of the one that ended last, of equal ones that of the higher customer id).
SELECT
    if({touch:String} = 'first', argMinIf(here.value, (here.valued, here.customer), here.carries),
        argMaxIf(here.value, (here.over, here.customer), here.carries)) AS value,
    here.account AS account,
    min(here.arrived) AS arrived, argMin(here.customer, (here.arrived, here.began, here.customer)) AS customer,
    argMin(here.number, (here.arrived, here.began, here.customer)) AS number,
    argMax(here.customer, (here.over, here.customer)) AS last_customer,
    min(here.began) AS began, max(here.over) AS over, max(here.furthest) AS furthest, max(here.depth) AS depth
    , min(here.t_1) AS t_1  -- phase 1
    , min(here.t_2) AS t_2  -- phase 2
    , min(here.t_3) AS t_3  -- phase 3
    , min(here.t_4) AS t_4  -- phase 4
    , min(here.t_5) AS t_5  -- phase 5
    , min(here.t_6) AS t_6  -- phase 6
    , min(here.t_7) AS t_7  -- phase 7
    , min(here.t_8) AS t_8  -- phase 8
    , min(here.t_9) AS t_9  -- phase 9
    , min(here.t_10) AS t_10  -- phase 10
    , min(here.t_11) AS t_11  -- phase 11
    , min(here.t_12) AS t_12  -- phase 12
    , min(here.t_13) AS t_13  -- phase 13
    , min(here.t_14) AS t_14  -- phase 14
    , min(here.t_15) AS t_15  -- phase 15
FROM journeys_timed AS here
GROUP BY here.account
HAVING max(here.passes)
