-- How many customers there are in the identities view.
-- Binds workspace.
SELECT uniqExact(customer[1]) FROM identities FINAL WHERE workspace = {workspace:String} AND generation = 0
