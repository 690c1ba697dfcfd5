-- Makes touchpoints: customers with ten each over 27 days, who go through the phases of acpl in order; half of
-- them get to consideration, a fifth to purchase, a twentieth to loyalty, and look back at pages in between.
-- Binds count (of touchpoints), start (ms).
INSERT INTO touchpoints (
    workspace, identifier, at, event_id, id, stamp, event, channel, contact, page_url, page_path,
    campaign_source, campaign_medium, campaign_name, device_type, country, identifiers, source
)
WITH
    intDiv(number, 10) AS visitor,
    number % 10 AS step,
    sipHash64(visitor) AS customer,
    customer % 100 AS luck,
    multiIf(luck < 5, 4, luck < 20, 3, luck < 50, 2, 1) AS depth,
    -- Even steps go on to phase 1 + step / 2 as far as this customer gets; odd steps look at a page again.
    if(step % 2 = 0, least(depth, 1 + intDiv(step, 2)), 1) AS phase
SELECT
    'default', customer, fromUnixTimestamp64Milli({start:Int64} + step * 2 * 86400000 + 3 * (customer % 86400000)),
    reinterpretAsFixedString(sipHash128(number)), toString(number), fromUnixTimestamp64Milli({start:Int64}),
    ['Ad Clicked', 'Product Viewed', 'Order Completed', 'Policy Renewed'][phase],
    ['paid_search', 'email', 'organic_search', 'direct', 'store'][1 + customer % 5], 'interactive',
    'https://shop.example.ch/household', '/household',
    'google', 'cpc', 'household-autumn', ['desktop', 'phone'][1 + visitor % 2], 'CH', [customer], 'native'
FROM numbers({count:UInt64})
