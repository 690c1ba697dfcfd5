-- Part `owned`: touchpoints with the identifier that each belongs to: where the one that it is stored under is banned,
-- the best of its others that is not.
-- Gives: the columns of touchpoints, owner.
-- Binds: workspace String, generation UInt32 (of the identities).
SELECT
    *,
    if(
        consent_linking AND identifier IN (
            SELECT identifier FROM banned FINAL
            WHERE workspace = {workspace:String} AND generation = {generation:UInt32} AND held),
        arrayFirst(
            each -> each NOT IN (
                SELECT identifier FROM banned FINAL
                WHERE workspace = {workspace:String} AND generation = {generation:UInt32} AND held),
            identifiers),
        0) AS better,
    if(better = 0, identifier, better) AS owner
FROM touchpoints
WHERE workspace = {workspace:String}
