-- Part `counted`: who counts in which group, and when each step was done.
-- Reads part `attempts`.
-- Gives: unit_account, whose, journey, hard, void, value, reached (ms per step), customers (of every touchpoint), filled
-- (the place of each step among them).
-- Binds: place Int32 (the step whose touchpoint gives the value; -1: the last).
WITH marks.1 AS times
SELECT
    unit_account, whose, journey, hard, void AND NOT hard AS void,
    if(hard, '', marks.7[filled[{place:Int32}]]) AS value,
    if(hard, [], arrayMap(place -> times[place], filled)) AS reached,
    marks.8 AS customers, filled
FROM attempts
