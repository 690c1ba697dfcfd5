-- Where the touchpoints of a batch of spans are: under their identifiers, one by one; of one with a long history only in
-- the time that is asked for.
-- Part of a statement. Binds batch, long (an identifier, or 0), long_since, long_until (ms).
(
    identifier IN (SELECT identifier FROM spans WHERE batch = {batch:UInt64} AND identifier != {long:UInt64})
    OR identifier = {long:UInt64} AND at >= fromUnixTimestamp64Milli({long_since:Int64}, 'UTC')
        AND at < fromUnixTimestamp64Milli({long_until:Int64}, 'UTC')
)
