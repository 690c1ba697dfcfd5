-- Answers: per channel and phase how many customers were met there, how, how they felt, and how many of them went on.
-- To go on is to reach a later phase for the first time at or after the first touchpoint here.
-- Reads part `met`.
-- Gives: channel, position, customers, onward, touchpoints, interactive, static, human, sentiment (average of those that
-- carry one; NULL: none), felt (how many do).
-- Binds: workspace String, build UInt32.
SELECT
    met_in, position, count() AS customers,
    countIf(arrayExists((moment, place) -> place > position AND moment != -1 AND moment >= since, reached, arrayEnumerate(reached)))
        AS onward,
    sum(touchpoints), sum(interactive), sum(static), sum(human),
    if(sum(felt_count) = 0, NULL, sum(felt_sum) / sum(felt_count)) AS sentiment, sum(felt_count) AS felt
FROM
(
    SELECT
        customer, met_in, position, count() AS touchpoints, min(met_at) AS since,
        countIf(kind = 'interactive') AS interactive, countIf(kind = 'static') AS static, countIf(kind = 'human') AS human,
        sum(ifNull(met.felt, 0)) AS felt_sum, count(met.felt) AS felt_count
    FROM met
    GROUP BY customer, met_in, position
) AS cells
LEFT JOIN
(
    SELECT
        customer,
        [reached_1, reached_2, reached_3, reached_4, reached_5, reached_6, reached_7, reached_8, reached_9, reached_10,
            reached_11, reached_12, reached_13, reached_14, reached_15] AS reached
    FROM journeys FINAL
    WHERE workspace = {workspace:String} AND build = {build:UInt32}
) AS known USING (customer)
GROUP BY met_in, position
ORDER BY met_in, position
