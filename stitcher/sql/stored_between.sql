-- Where the touchpoints of all customers of a range are: under the identifiers of that range, which lie side by side,
-- and under others that are linked to them.
-- Part of a statement. Binds batch, above, through.
(
    identifier > {above:UInt64} AND identifier <= {through:UInt64}
    OR identifier IN (
        SELECT identifier FROM spans
        WHERE batch = {batch:UInt64} AND (identifier <= {above:UInt64} OR identifier > {through:UInt64})
    )
)
