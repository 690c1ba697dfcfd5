-- Part `units`: each account counts once, over what counts for it of the journeys in the range.
-- Reads part `journeys_timed`.
-- Lines marked `each phase` stand once for every phase: #k is its number, #j that of the one before.
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
    , min(here.t_#k) AS t_#k  -- each phase
FROM journeys_timed AS here
GROUP BY here.account
HAVING max(here.passes)
