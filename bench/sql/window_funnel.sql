-- How many customers reach each phase of acpl in order within 30 days of its first touchpoint: written by hand
-- over raw touchpoints, as one would without journeys.
-- Binds nothing.
SELECT
    countIf(level >= 1) AS awareness, countIf(level >= 2) AS consideration,
    countIf(level >= 3) AS purchase, countIf(level >= 4) AS loyalty
FROM (
    SELECT
        windowFunnel(2592000000)(
            toUInt64(toUnixTimestamp64Milli(at)),
            event = 'Ad Clicked', event = 'Product Viewed', event = 'Order Completed', event = 'Policy Renewed'
        ) AS level
    FROM touchpoints
    WHERE workspace = 'default'
        AND event IN ('Ad Clicked', 'Product Viewed', 'Order Completed', 'Policy Renewed')
    GROUP BY identifier
)
