-- Answers: the phase funnel of all customers over all their journeys, from scalar columns alone (one row).
-- Lines marked `each phase` stand once for every phase: #k is its number, #j that of the one before.
-- Gives: value and period (empty), units, unmapped (customers without any phase), then a tuple per phase: customers
-- that reached it or a later one, that got no further, average and median ms since the phase before (nan: nobody).
-- Binds: workspace String, build UInt32.
SELECT
    '' AS value, '' AS period, units_here, unmapped
    , (arraySum(arraySlice(furthest_here, #k)), furthest_here[#k], average_#k, median_#k) AS phase_#k  -- each phase
FROM
(
    SELECT
        count() AS units_here, countIf(furthest = 0) AS unmapped,
        arrayPopFront([0
            , countIf(furthest = #k)  -- each phase
        ]) AS furthest_here
        , nan AS average_1, nan AS median_1
        , avgIf(reached_#k - reached_#j, moved_#k) AS average_#k  -- each phase from 2
        , quantileExactInclusiveIf(0.5)(reached_#k - reached_#j, moved_#k) AS median_#k  -- each phase from 2
    FROM
    (
        SELECT
            furthest, reached_1
            , reached_#k, reached_#j >= 0 AND reached_#k >= reached_#j AS moved_#k  -- each phase from 2
        FROM journeys FINAL
        WHERE workspace = {workspace:String} AND build = {build:UInt32}
    ) AS customers
) AS counted
