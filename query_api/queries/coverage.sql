-- Answers: which kinds of touchpoints there are, how many, and in which phase of a model; those without one first.
-- `/*phases*/` stands for the phase model's expression, `/*goals*/` for those of its goals.
-- Gives: event, channel, contact, offline, position (0: no phase), count, met (an array: how many meet each goal).
-- Binds: workspace String, from Int64, to Int64; the parameters of the expressions.
SELECT
    event, channel, contact, offline, /*phases*/ AS position, count() AS touchpoints,
    sumForEach([/*goals*/]::Array(UInt64)) AS met
FROM touchpoints FINAL
WHERE workspace = {workspace:String} AND NOT bot
    AND toUnixTimestamp64Milli(at) >= {from:Int64} AND toUnixTimestamp64Milli(at) < {to:Int64}
GROUP BY event, channel, contact, offline, position
ORDER BY position > 0, touchpoints DESC, event, channel, contact, offline, position
