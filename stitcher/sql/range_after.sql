-- How far the next range of customers above an id goes, so that there are about so many touchpoints under its identifiers
-- and about so many rows of identities; 0: to the end.
-- Binds workspace, above, touchpoints, identities.
SELECT min(identifier)
FROM (
    SELECT identifier FROM touchpoints
    WHERE workspace = {workspace:String} AND identifier > {above:UInt64}
    ORDER BY identifier LIMIT 1 OFFSET {touchpoints:UInt32}
    UNION ALL
    SELECT identifier FROM identities
    WHERE workspace = {workspace:String} AND identifier > {above:UInt64}
    ORDER BY identifier LIMIT 1 OFFSET {identities:UInt32}
)
