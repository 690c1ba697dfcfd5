-- Spans: what belongs to the customers of a range of ids in one generation, as spans.py has it for customers one by one.
-- Identifiers that were never linked are their own customers: those with touchpoints, and whoever touchpoints under
-- banned identifiers may belong to.
-- Binds workspace, generation, banned, above, through, batch, beginning, end (ms: of a span without a bound).
INSERT INTO spans (batch, identifier, since, until, customer)
SELECT
    {batch:UInt64}, identifier, since[n], if(n < length(since), since[n + 1], {end:Int64}), customer[n] AS owner
FROM identities FINAL
ARRAY JOIN arrayEnumerate(customer) AS n
WHERE workspace = {workspace:String} AND generation = {generation:UInt32}
    AND identifier IN (
        SELECT arrayJoin(members) FROM identities FINAL
        WHERE workspace = {workspace:String} AND generation = {generation:UInt32}
            AND identifier > {above:UInt64} AND identifier <= {through:UInt64}
    )
    AND owner > {above:UInt64} AND owner <= {through:UInt64}
UNION ALL
SELECT DISTINCT {batch:UInt64}, alone, {beginning:Int64}, {end:Int64}, alone
FROM (
    SELECT identifier AS alone FROM touchpoints
    WHERE workspace = {workspace:String} AND identifier > {above:UInt64} AND identifier <= {through:UInt64}
    UNION ALL
    SELECT arrayJoin(identifiers) AS alone FROM touchpoints
    WHERE workspace = {workspace:String} AND identifier IN {banned:Array(UInt64)}
)
WHERE alone > {above:UInt64} AND alone <= {through:UInt64}
    AND alone NOT IN (
        SELECT identifier FROM identities
        WHERE workspace = {workspace:String} AND generation = {generation:UInt32}
            AND identifier > {above:UInt64} AND identifier <= {through:UInt64}
    )
