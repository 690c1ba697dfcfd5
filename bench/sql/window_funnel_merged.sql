-- As window_funnel.sql, of customers who have several identifiers.
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
    LEFT JOIN (SELECT identifier AS owner, customer[1] AS customer FROM identities WHERE workspace = 'default') AS owners
        ON touchpoints.identifier = owners.owner
    WHERE workspace = 'default'
        AND event IN ('Ad Clicked', 'Product Viewed', 'Order Completed', 'Policy Renewed')
    GROUP BY if(owner = 0, identifier, customer)
)
