-- Answers: how many customers meet each goal of an unsaved model with a touchpoint in the range (one row).
-- Reads part `placed`, whose marks have one bit a goal.
-- Gives: customers, an array in the order of the goals.
-- Binds: goals UInt8 (how many there are), from Int64, to Int64.
SELECT sumForEach(arrayMap(bit -> toUInt64(bitTest(met, bit)), range({goals:UInt8}))) AS customers
FROM
(
    SELECT groupBitOr(toUInt32(mark)) AS met
    FROM placed
    WHERE ms >= {from:Int64} AND ms < {to:Int64}
    GROUP BY customer
)
