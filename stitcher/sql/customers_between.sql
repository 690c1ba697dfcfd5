-- The next customers of a workspace above a given id, in id order: owners of linked identifiers, and
-- identifiers with touchpoints that were never linked.
-- Binds workspace, above, count.
SELECT DISTINCT owner
FROM (
    SELECT arrayJoin(customer) AS owner FROM identities FINAL WHERE workspace = {workspace:String}
    UNION ALL
    SELECT identifier AS owner FROM touchpoints
    WHERE workspace = {workspace:String} AND identifier > {above:UInt64}
        AND identifier NOT IN (SELECT identifier FROM identities WHERE workspace = {workspace:String})
)
WHERE owner > {above:UInt64}
ORDER BY owner
LIMIT {count:UInt32}
