-- Part `attempts`: of the attempts with different values that must be kept, the one that counts.
-- Reads part `attempts_found`.
-- Gives: its columns; own is (empty, valued).
-- Binds nothing.
SELECT
    unit_account, whose, journey, ('', own_here.2) AS own, any(hard_here) AS hard,
    argMin((marks_here, filled_here), (-toInt64(length(filled_here)), marks_here[filled_here[1]])) AS chosen,
    chosen.1 AS marks,
    min(void_here OR empty(filled_here)) AND max(void_here) AS void,
    chosen.2 AS filled
FROM
(
    SELECT
        unit_account, whose, journey, own AS own_here, hard AS hard_here, void AS void_here, filled AS filled_here,
        marks AS marks_here
    FROM attempts_found
) AS kept_apart
GROUP BY unit_account, whose, journey, own_here.2
