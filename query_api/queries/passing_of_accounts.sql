-- Part `passing`: per customer and account when touchpoints were that count for it and meet all filters.
-- Reads part `touches_of_accounts`.
-- `/*where*/` stands for the filters.
-- Gives: customer, account, moments (ms).
-- Binds: the parameters of the filters.
SELECT customer, counts_for AS account, moments
FROM
(
    SELECT customer, counts_for, groupUniqArray(ms) AS moments
    FROM touches_of_accounts
    WHERE /*where*/
    GROUP BY customer, counts_for
) AS met
