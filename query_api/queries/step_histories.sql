-- Part `histories`: whose touchpoints they are, in order.
-- Reads part `parted`.
-- Gives: unit_account, whose, journey, own (empty), marks: array of (ms, order, seq, event_id, mask, held, valued,
-- customer), hard (what the statements that follow cannot decide: touchpoints of one time that fit several steps, or
-- too many touchpoints).
-- Binds: in_turn Bool (order by time, seq and id; otherwise those of one time by the step that they fit), steps UInt64
-- (the bits of steps), order String (ordered, strict, any), overlaps Bool (whether a touchpoint may fit several steps),
-- most UInt32 (touchpoints).
WITH
    -- Whatever takes a part of each element anew copies all of them; these do not.
    marks.1 AS times,
    arrayMap(mask -> bitAnd(mask, {steps:UInt64}), marks.5) AS fits
SELECT
    unit_account, whose, journey, ('', '') AS own,
    -- Copies of a touchpoint stand side by side.
    arrayCompact(arraySort(groupArray((
        ms, if({in_turn:Bool}, 0, bitAnd(mask, {steps:UInt64})), seq, event_id, mask, held, valued, customer
    )))) AS marks,
    length(marks) > {most:UInt32}
    OR ({order:String} = 'any' AND {overlaps:Bool} AND arrayExists(fit -> bitCount(fit) > 1, fits))
    OR (
        ({order:String} = 'strict' OR ({order:String} = 'ordered' AND {overlaps:Bool}))
        AND arrayExists(
            (time, before, fit, other) -> time = before
                AND greatest(bitCount(fit), bitCount(other)) > if({order:String} = 'strict', 0, 1),
            arrayPopFront(times), arrayPopBack(times), arrayPopFront(fits), arrayPopBack(fits)
        )
    ) AS hard
FROM parted
GROUP BY unit_account, whose, journey
