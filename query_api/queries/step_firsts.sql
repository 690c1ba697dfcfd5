-- Part `stepped`: as step_touches.sql, but some steps may be filled only by the first touchpoint ever that fills them.
-- Reads part `stepped_ever`.
-- Gives: customer, ms, seq, event_id, account, mask, held, valued.
-- Binds: first Array(UInt8) (the bits of these steps), others UInt64 (all other bits), from Int64 (those before it are
-- left out here), every Bool (touchpoints that fill nothing, too).
SELECT
    customer, mark.1 AS ms, mark.2 AS seq, mark.3 AS event_id, mark.4 AS account,
    bitOr(
        bitAnd(mark.5, {others:UInt64}),
        arraySum(arrayMap((bit, place) -> if(place = n, bitShiftLeft(1::UInt64, bit), 0), {first:Array(UInt8)}, places))
    ) AS mask,
    mark.6 AS held, mark.7 AS valued
FROM
(
    SELECT
        customer, arraySort(groupUniqArray((ms, seq, event_id, account, mask, held, valued))) AS marks,
        arrayMap(bit -> arrayFirstIndex(mark -> bitTest(mark.5, bit), marks), {first:Array(UInt8)}) AS places
    FROM stepped_ever
    GROUP BY customer
) AS of_customers
ARRAY JOIN marks AS mark, arrayEnumerate(marks) AS n
WHERE ms >= {from:Int64} AND (mask != 0 OR {every:Bool})
