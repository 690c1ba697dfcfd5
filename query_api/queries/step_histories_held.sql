-- Part `histories`: one history for each value that all steps of an attempt must carry; others fill no step of it.
-- Reads part `histories_found`, which is made by step_histories.sql.
-- Gives: its columns; own is (held, valued).
-- Binds: holds Bool (held must be kept, and not be empty), apart Bool (valued must be kept), steps UInt64 (the bits of steps).
SELECT
    unit_account, whose, journey, kept AS own, hard,
    arrayMap(
        mark -> (
            mark.1, mark.2, mark.3, mark.4,
            if((if({holds:Bool}, mark.6, ''), if({apart:Bool}, mark.7, '')) = kept,
                mark.5, bitAnd(mark.5, bitNot({steps:UInt64}))),
            mark.6, mark.7, mark.8
        ),
        found
    ) AS marks
FROM
(
    SELECT
        unit_account, whose, journey, hard, marks AS found,
        arrayDistinct(arrayMap(
            mark -> (if({holds:Bool}, mark.6, ''), if({apart:Bool}, mark.7, '')),
            arrayFilter(mark -> bitAnd(mark.5, {steps:UInt64}) != 0 AND (mark.6 != '' OR NOT {holds:Bool}), marks)
        )) AS keeps
    FROM histories_found
) AS with_values
ARRAY JOIN keeps AS kept
