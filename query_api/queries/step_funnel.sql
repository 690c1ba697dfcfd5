-- Answers: the step funnel per group.
-- Reads part `counted`.
-- Gives: value, hard (how many could not be decided here), void (how many have no attempt that counts), and arrays by
-- step: counts, average and median ms since the step before (the first: 0).
-- Binds nothing.
SELECT
    value, countIf(hard) AS hard_here, countIf(void) AS void_here,
    countForEach(reached) AS counts,
    avgForEach(arrayDifference(reached)) AS averages,
    quantileExactInclusiveForEach(0.5)(arrayDifference(reached)) AS medians
FROM counted
GROUP BY value
