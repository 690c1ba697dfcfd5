-- Answers: the latest touchpoints of some kinds.
-- `/*phases*/` stands for the phase model's expression.
-- Gives: event, channel, contact, offline, position, and an array of (ms with its sign turned, id, page_url, properties:
-- a JSON object, empty where there are none or more than 2,000 bytes), the latest first.
-- Binds: workspace String, from Int64, to Int64, events Array(String), examples UInt64 (how many of each kind); the
-- parameters of the expression.
SELECT
    event, channel, contact, offline, /*phases*/ AS position,
    groupArraySorted({examples:UInt64})(
        (-toUnixTimestamp64Milli(at), id, page_url, if(length(properties) > 2000, '', properties))) AS latest
FROM touchpoints FINAL
WHERE workspace = {workspace:String} AND NOT bot AND event IN {events:Array(String)}
    AND toUnixTimestamp64Milli(at) >= {from:Int64} AND toUnixTimestamp64Milli(at) < {to:Int64}
GROUP BY event, channel, contact, offline, position
