-- Makes touchpoints: customers with ten each over 19 days, who go through five steps in order as far as they get (all
-- see the ad, half a product, a third the basket, a fifth order, a twentieth renew); between them they come back by
-- the ad, or look for help, which is no step.
-- Binds count (of touchpoints), start (ms).
INSERT INTO touchpoints (
    workspace, identifier, at, event_id, id, stamp, event, channel, contact, page_url, page_path,
    campaign_source, campaign_medium, campaign_name, device_type, country, identifiers, source
)
WITH
    intDiv(number, 10) AS visitor,
    number % 10 AS place,
    sipHash64(visitor) AS customer,
    customer % 100 AS luck,
    multiIf(luck < 5, 5, luck < 20, 4, luck < 33, 3, luck < 50, 2, 1) AS depth,
    multiIf(place % 2 = 0, least(depth, 1 + intDiv(place, 2)), place % 4 = 1, 6, 1) AS step
SELECT
    'default', customer, fromUnixTimestamp64Milli({start:Int64} + place * 2 * 86400000 + 3 * (customer % 86400000)),
    reinterpretAsFixedString(sipHash128(number)), toString(number), fromUnixTimestamp64Milli({start:Int64}),
    ['Ad Clicked', 'Product Viewed', 'Basket Filled', 'Order Completed', 'Policy Renewed', 'Help Viewed'][step],
    ['paid_search', 'email', 'organic_search', 'direct', 'store'][1 + customer % 5], 'interactive',
    'https://shop.example.ch/household', '/household',
    'google', 'cpc', 'household-autumn', ['desktop', 'phone'][1 + visitor % 2], 'CH', [customer], 'native'
FROM numbers({count:UInt64})
