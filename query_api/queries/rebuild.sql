-- Answers: how far the builds of a workspace are, one row a model: the one that fills, else the one that answers.
-- Gives: model, whether it is filling, customers done, customers in all.
-- Binds: workspace String.
WITH
    current AS (
        SELECT model, max(state = 'filling') AS filling, maxIf(filled_through, state = 'filling') AS through
        FROM builds FINAL
        WHERE workspace = {workspace:String} AND state != 'retired'
        GROUP BY model
    ),
    answering AS (
        SELECT model, build FROM builds FINAL WHERE workspace = {workspace:String} AND state = 'active'
    )
SELECT
    current.model AS model, current.filling AS filling,
    countIf(customer > 0 AND (NOT filling OR customer <= through)) AS done,
    countIf(customer > 0) AS total
FROM current
LEFT JOIN answering ON answering.model = current.model
LEFT JOIN (
    SELECT build, customer FROM journeys FINAL WHERE workspace = {workspace:String}
) AS folded ON folded.build = answering.build
GROUP BY model, filling
ORDER BY model
