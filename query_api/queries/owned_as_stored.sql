-- Part `owned`: touchpoints with the identifier that each belongs to, where no identifier is banned.
-- Gives: the columns of touchpoints, owner.
-- Binds: workspace String.
SELECT *, identifier AS owner
FROM touchpoints
WHERE workspace = {workspace:String}
