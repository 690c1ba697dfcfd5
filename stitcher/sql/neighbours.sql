-- The other ends of links of one kind (persons: of aliases between persons too).
-- Binds workspace, nodes, kinds, known_until (ms).
SELECT DISTINCT other
FROM links
WHERE workspace = {workspace:String} AND node IN {nodes:Array(UInt64)} AND toString(kind) IN {kinds:Array(String)}
    AND toUnixTimestamp64Milli(stamp) <= {known_until:Int64}
