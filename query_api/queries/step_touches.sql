-- Part `stepped`: touchpoints that may fill a step or void an attempt, with what they are asked for.
-- Reads part `touches`.
-- `/*mask*/` stands for the expression of the bits (steps first, from bit 0, then exclusions), `/*held*/` for the value
-- that an attempt must keep, `/*valued*/` for that of the group; empty: none.
-- Gives: customer, ms, seq, event_id, account, mask (UInt64), held, valued.
-- Binds: since Int64, to Int64, every Bool (touchpoints that fill nothing, too); the parameters of the expressions.
SELECT
    customer, ms, seq, event_id, toString(account) AS account,
    toUInt64(/*mask*/) AS mask, toString(/*held*/) AS held, toString(/*valued*/) AS valued
FROM touches
WHERE ms >= {since:Int64} AND ms < {to:Int64} AND (mask != 0 OR {every:Bool})
