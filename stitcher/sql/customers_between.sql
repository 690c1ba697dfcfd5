-- The next customers of a workspace above a given id in one generation, in id order: owners of linked identifiers,
-- identifiers with touchpoints that were never linked, and whoever touchpoints under banned ones may belong to.
-- Binds workspace, generation, banned, above, count.
SELECT DISTINCT owner
FROM (
    SELECT arrayJoin(customer) AS owner FROM identities FINAL
    WHERE workspace = {workspace:String} AND generation = {generation:UInt32}
    UNION ALL
    SELECT identifier AS owner FROM touchpoints
    WHERE workspace = {workspace:String} AND identifier > {above:UInt64}
        AND identifier NOT IN (
            SELECT identifier FROM identities
            WHERE workspace = {workspace:String} AND generation = {generation:UInt32}
        )
    UNION ALL
    SELECT arrayJoin(identifiers) AS owner FROM touchpoints
    WHERE workspace = {workspace:String} AND identifier IN {banned:Array(UInt64)}
        AND owner NOT IN (
            SELECT identifier FROM identities
            WHERE workspace = {workspace:String} AND generation = {generation:UInt32}
        )
)
WHERE owner > {above:UInt64}
ORDER BY owner
LIMIT {count:UInt32}
