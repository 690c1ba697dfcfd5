-- Gives one identifier a history: page views, one a second.
-- Binds workspace, identifier, count, start (ms).
INSERT INTO touchpoints (
    workspace, identifier, at, event_id, id, stamp, event, channel, contact, page_url, page_path,
    device_type, country, identifiers, source
)
SELECT
    {workspace:String}, {identifier:UInt64}, fromUnixTimestamp64Milli({start:Int64} + toInt64(number) * 1000),
    reinterpretAsFixedString(sipHash128({workspace:String}, number)), toString(number),
    fromUnixTimestamp64Milli({start:Int64}), 'Page Viewed', 'direct', 'interactive',
    'https://shop.example.ch/household', '/household', 'desktop', 'CH', [{identifier:UInt64}], 'native'
FROM numbers({count:UInt64})
