-- Part `journeys_ended`: journeys by when they began and ended (part `journeys_found` where journeys_met.sql chooses
-- further).
-- Gives: customer, number (from 1), began, over (ms), furthest, own (its part of `sequence`).
-- Binds: workspace String, build UInt32, first_customer UInt64, last_customer UInt64, from Int64, to Int64 (of the
-- beginning), ended_from Int64, ended_before Int64.
SELECT
    customer, number, began, over, furthest_here AS furthest,
    arraySlice(sequence, through - size + 1, size) AS own
FROM journeys FINAL
ARRAY JOIN
    started AS began, ended AS over, arrayEnumerate(started) AS number, furthests AS furthest_here,
    sizes AS size, arrayCumSum(sizes) AS through
WHERE workspace = {workspace:String} AND build = {build:UInt32}
    AND customer >= {first_customer:UInt64} AND customer <= {last_customer:UInt64}
    AND last_at >= {ended_from:Int64} AND first_at < {to:Int64}
    AND began >= {from:Int64} AND began < {to:Int64}
    AND over >= {ended_from:Int64} AND over < {ended_before:Int64}
