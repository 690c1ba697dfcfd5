-- Part `passing`: per customer when touchpoints were that meet all filters.
-- Reads part `touches`.
-- `/*where*/` stands for the filters.
-- Gives: customer, account (empty), moments (ms).
-- Binds: the parameters of the filters.
SELECT customer, '' AS account, moments
FROM (SELECT customer, groupUniqArray(ms) AS moments FROM touches WHERE /*where*/ GROUP BY customer) AS met
