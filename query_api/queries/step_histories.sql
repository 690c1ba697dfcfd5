-- Part `histories`: whose touchpoints they are, in order.
-- Reads part `parted`.
-- Gives: unit_account, whose, journey, own (empty), marks: array of (ms, order, seq, event_id, mask, held, valued, customer),
-- hard (what the statements that follow cannot decide: touchpoints of one time that fit several steps, or too many).
-- Binds: in_turn Bool (order by time, seq and id; otherwise those of one time by the step that they fit), steps UInt64
-- (the bits of steps), order String (ordered, strict, any), most UInt32 (touchpoints).
SELECT
    unit_account, whose, journey, ('', '') AS own,
    arraySort(groupUniqArray((
        ms, if({in_turn:Bool}, 0, bitAnd(mask, {steps:UInt64})), seq, event_id, mask, held, valued, customer
    ))) AS marks,
    length(marks) > {most:UInt32}
    OR if(
        {order:String} = 'any',
        arrayExists(mark -> bitCount(bitAnd(mark.5, {steps:UInt64})) > 1, marks),
        arrayExists(
            (mark, before) -> mark.1 = before.1
                AND greatest(bitCount(bitAnd(mark.5, {steps:UInt64})), bitCount(bitAnd(before.5, {steps:UInt64})))
                    > if({order:String} = 'strict', 0, 1),
            arrayPopFront(marks), arrayPopBack(marks)
        )
    ) AS hard
FROM parted
GROUP BY unit_account, whose, journey
