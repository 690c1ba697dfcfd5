-- The refused events that an erased person's touchpoints came of, and those in which a mark stands for one of their
-- identifiers. theirs.sql is put into it.
-- Binds workspace, asked (ms), marked (the identifiers, as 16 hexadecimal digits), and as theirs.sql.
SELECT DISTINCT id
FROM rejects
WHERE workspace = {workspace:String} AND (
    id IN (SELECT id FROM touchpoints WHERE workspace = {workspace:String} AND (/*theirs*/))
    OR toUnixTimestamp64Milli(stamp) <= {asked:Int64}
        AND arrayExists(mark -> arrayExists(each -> position(mark, each) > 0, {marked:Array(String)}), marks)
)
