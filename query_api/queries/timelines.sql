-- Answers: when some identifiers belong to one customer, the first times of each.
-- Gives: identifier, begins, ends (ms, side by side), left_out (how many more there are).
-- Binds: workspace String, generation UInt32, identifiers Array(UInt64), customer UInt64, each UInt32 (at most so many of
-- an identifier), beginning Int64, end Int64 (ms: of a time without a bound).
SELECT
    identifier,
    arraySlice(
        arrayFilter(
            (since, owner) -> owner = {customer:UInt64},
            arrayPushFront(arrayPopFront(since), {beginning:Int64}), customer
        ), 1, {each:UInt32}
    ) AS begins,
    arraySlice(
        arrayFilter(
            (until, owner) -> owner = {customer:UInt64}, arrayPushBack(arrayPopFront(since), {end:Int64}), customer
        ), 1, {each:UInt32}
    ) AS ends,
    toInt64(countEqual(customer, {customer:UInt64})) - toInt64(length(begins)) AS left_out
FROM identities FINAL
WHERE workspace = {workspace:String} AND identifier IN {identifiers:Array(UInt64)}
    AND generation = {generation:UInt32}
ORDER BY identifier
