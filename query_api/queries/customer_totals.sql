-- Answers: the figures of one customer over all journeys (any build: they are the same in all).
-- Gives: first_at, last_at (ms), touchpoints, value, accounts, started, ended (ms, per journey), account_names,
-- account_since (ms).
-- Binds: workspace String, customer UInt64, builds Array(UInt32).
SELECT first_at, last_at, touchpoints, value, accounts, started, ended, account_names, account_since
FROM journeys FINAL
WHERE workspace = {workspace:String} AND build IN {builds:Array(UInt32)} AND customer = {customer:UInt64}
ORDER BY version DESC
LIMIT 1
