-- Part `condition`: whether one touchpoint of a customer, at whatever time, meets all filters.
-- Reads part `touches`.
-- `/*where*/` stands for the filters.
-- Gives: what follows other conditions.
-- Binds: the parameters of the filters.
AND customer IN (SELECT customer FROM touches WHERE /*where*/)
