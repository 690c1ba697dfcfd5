-- Whether a touchpoint is an erased person's: it names one of the persons, or belongs to a device in a time in which that
-- was theirs. Part of a statement; whom a touchpoint belongs to is put into it.
-- Binds asked (ms), persons, and of each span of a device: devices, sinces, untils (ms).
toUnixTimestamp64Milli(stamp) <= {asked:Int64} AND (
    arrayExists(each -> each IN {persons:Array(UInt64)}, identifiers)
    OR (
        /*owner*/ IN {devices:Array(UInt64)}
        AND arrayExists(
            (device, since, until) -> device = /*owner*/
                AND toUnixTimestamp64Milli(at) >= since AND toUnixTimestamp64Milli(at) < until,
            {devices:Array(UInt64)}, {sinces:Array(Int64)}, {untils:Array(Int64)}
        )
    )
)
