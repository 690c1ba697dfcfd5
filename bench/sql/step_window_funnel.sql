-- How many customers do five steps in order within 30 days of the first: written by hand over raw touchpoints.
-- Binds nothing.
SELECT
    countIf(level >= 1) AS ad, countIf(level >= 2) AS product, countIf(level >= 3) AS basket,
    countIf(level >= 4) AS ordered, countIf(level >= 5) AS renewed
FROM (
    SELECT
        windowFunnel(2592000000)(
            toUInt64(toUnixTimestamp64Milli(at)),
            event = 'Ad Clicked', event = 'Product Viewed', event = 'Basket Filled', event = 'Order Completed',
            event = 'Policy Renewed'
        ) AS level
    FROM touchpoints
    WHERE workspace = 'default'
        AND event IN ('Ad Clicked', 'Product Viewed', 'Basket Filled', 'Order Completed', 'Policy Renewed')
    GROUP BY identifier
)
