-- Whom a touchpoint belongs to: its best identifier that is not banned, if there is one and linking is allowed.
-- Part of a statement. Binds banned.
if(
    consent_linking AND identifier IN {banned:Array(UInt64)},
    if(
        arrayExists(each -> NOT has({banned:Array(UInt64)}, each), identifiers),
        arrayFirst(each -> NOT has({banned:Array(UInt64)}, each), identifiers),
        identifier
    ),
    identifier
)
