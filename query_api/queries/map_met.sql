-- Part `met`: the touchpoints of the range that are in a phase and meet the filters, each once, with what the map tells.
-- Reads part `touches`. `/*phases*/` and `/*where*/` stand for the phase model's expression and for the filters.
-- Gives: customer, event_id, met_in (channel), position (of the phase), kind (of contact), felt (sentiment), what (event),
-- met_at (ms).
-- Binds: from Int64, to Int64; the parameters of the expressions.
SELECT
    customer, event_id, any(channel) AS met_in, any(placed) AS position, any(contact) AS kind, any(sentiment) AS felt,
    any(event) AS what, min(ms) AS met_at
FROM
(
    SELECT customer, event_id, channel, contact, sentiment, event, ms, /*phases*/ AS placed
    FROM touches
    WHERE ms >= {from:Int64} AND ms < {to:Int64} AND (/*where*/)
)
WHERE placed > 0
GROUP BY customer, event_id
