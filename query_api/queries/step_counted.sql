-- Part `counted`: who counts in which group, and when each step was done.
-- Reads part `attempts`.
-- Gives: unit_account, whose, journey, hard, void, value, reached (ms per step), customers (who filled it, per step).
-- Binds: place Int32 (the step whose touchpoint gives the value; -1: the last).
SELECT
    unit_account, whose, journey, hard, void AND NOT hard AS void,
    if(hard, '', filled[{place:Int32}].7) AS value,
    if(hard, [], arrayMap(mark -> mark.1, filled)) AS reached,
    arrayMap(mark -> mark.8, filled) AS customers
FROM attempts
