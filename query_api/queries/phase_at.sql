-- Answers: where a customer stood at a time.
-- Gives: number (of the journey that began last by then, from 1; 0: none), last (ms of the last touchpoint in it by then),
-- position (of the phase; 0: none), entered (ms: since when; 0: none), furthest (position).
-- Binds: workspace String, build UInt32, customer UInt64, at Int64 (ms, included).
WITH
    arrayLastIndex(began -> began <= {at:Int64}, started) AS number,
    arrayCumSum(sizes)[number] AS through,
    arrayFilter(
        x -> bitShiftRight(x, 4) <= {at:Int64}, arraySlice(sequence, through - sizes[number] + 1, sizes[number])
    ) AS own,
    arrayFilter(x -> bitAnd(x, 15) > 0, own) AS mapped,
    bitAnd(mapped[-1], 15) AS position
SELECT
    number, bitShiftRight(own[-1], 4) AS last, position,
    bitShiftRight(mapped[1 + arrayLastIndex(x -> bitAnd(x, 15) != position, mapped)], 4) AS entered,
    arrayMax(arrayPushFront(arrayMap(x -> bitAnd(x, 15), mapped), 0)) AS furthest
FROM journeys FINAL
WHERE workspace = {workspace:String} AND build = {build:UInt32} AND customer = {customer:UInt64}
