-- Part `condition`: whether a touchpoint is stored under an identifier of certain customers.
-- Gives: what follows other conditions.
-- Binds: workspace String, generation UInt32 (of the identities), customers Array(UInt64).
AND (
    identifier IN {customers:Array(UInt64)}
    OR identifier IN (
        SELECT arrayJoin(members)
        FROM identities FINAL
        WHERE workspace = {workspace:String} AND generation = {generation:UInt32}
            AND identifier IN {customers:Array(UInt64)}
    )
)
