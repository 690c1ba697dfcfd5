-- Answers: as journeys_chosen.sql, of journeys by the phase that they are in, and by how long they have been stuck there.
-- Reads part `journeys_ended`.
-- Gives: customer, number, over (ms).
-- Binds: after_over Int64, after_customer UInt64 (the journey before the first), limit UInt32, phase UInt8 (its position;
-- 0: any), stuck Bool (whether only stuck ones are asked for), stuck_before Int64 (ms: they entered the phase at or before
-- then), live_from Int64 (ms: who ended before is not live), conversion UInt8 (position of the conversion phase).
SELECT customer, number, over
FROM
(
    SELECT
        customer, number, over, furthest,
        arrayFilter(x -> bitAnd(x, 15) > 0, own) AS mapped,
        bitAnd(mapped[-1], 15) AS position,
        bitShiftRight(mapped[1 + arrayLastIndex(x -> bitAnd(x, 15) != position, mapped)], 4) AS entered
    FROM journeys_ended
)
WHERE (over < {after_over:Int64} OR (over = {after_over:Int64} AND customer > {after_customer:UInt64}))
    AND ({phase:UInt8} = 0 OR position = {phase:UInt8})
    AND (
        NOT {stuck:Bool}
        OR (
            over >= {live_from:Int64} AND furthest < {conversion:UInt8} AND position > 0
            AND entered <= {stuck_before:Int64}
        )
    )
ORDER BY over DESC, customer
LIMIT {limit:UInt32}
