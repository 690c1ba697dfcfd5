-- Answers: the step funnel per group, as step_funnel.sql, with every time that somebody took.
-- Reads part `counted`.
-- Gives: value, hard (how many could not be decided here), void (how many have no attempt that counts), and by step the
-- array of ms since the step before (the first: 0).
-- Binds nothing.
SELECT
    value, countIf(hard) AS hard_here, countIf(void) AS void_here,
    groupArrayForEach(arrayDifference(reached)) AS took
FROM counted
GROUP BY value
