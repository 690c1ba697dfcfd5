-- Part `path_journeys`: one row per journey that began in the range.
-- Gives: customer, began, over (ms), converted (it reached the goal phase), packed (its touchpoints in order: ms * 16 +
-- phase position).
-- Binds: workspace String, build UInt32, from Int64, to Int64, goal UInt8 (position of the conversion phase).
SELECT
    customer, began, over, reached[{goal:UInt8}] >= 0 AS converted,
    arraySlice(sequence, through - size + 1, size) AS packed
FROM journeys FINAL
ARRAY JOIN
    started AS began, ended AS over, milestones AS reached, sizes AS size, arrayCumSum(sizes) AS through
WHERE workspace = {workspace:String} AND build = {build:UInt32}
    AND last_at >= {from:Int64} AND first_at < {to:Int64} AND began >= {from:Int64} AND began < {to:Int64}
