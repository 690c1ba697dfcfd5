-- Part `counted`: who counts in which group, and when each step was done.
-- Reads part `attempts`.
-- Gives: unit_account, whose, journey, hard, void, value, reached (ms per step), customers (of every touchpoint), filled
-- (the place of each step among them).
-- Binds: place Int32 (the step whose touchpoint gives the value; -1: the last).
WITH
    marks.1 AS times,
    -- By a product, not by `if`, which would make the engine evaluate attempts once for each branch.
    arraySlice(attempts.filled, 1, (NOT hard) * 100) AS done
SELECT
    unit_account, whose, journey, hard, (void * (NOT hard)) > 0 AS void,
    marks.7[done[{place:Int32}]] AS value,
    arrayMap(place -> times[place], done) AS reached,
    marks.8 AS customers, done AS filled
FROM attempts
