-- Answers: examples of what another generation of identities would change, as rules_compared.sql counts it.
-- Reads part `owners`.
-- Gives: before, after (customers), moved (some of the identifiers that would change over), beside_before, beside_after
-- (some of the identifiers of either).
-- Binds: most UInt32 (examples), each UInt32 (identifiers).
SELECT before, after, moved, beside_before, beside_after
FROM
(
    SELECT before, after, arraySlice(arraySort(groupArray(key)), 1, {each:UInt32}) AS moved
    FROM owners
    LEFT JOIN (SELECT key AS after, before AS keeper FROM owners) AS keepers USING (after)
    LEFT JOIN (SELECT key AS before, after AS heir FROM owners) AS heirs USING (before)
    WHERE before != keeper OR after != heir
    GROUP BY before, after
    ORDER BY before, after
    LIMIT {most:UInt32}
) AS moves
LEFT JOIN
(
    SELECT before, arraySlice(arraySort(groupArray(key)), 1, {each:UInt32}) AS beside_before
    FROM owners
    GROUP BY before
) AS here USING (before)
LEFT JOIN
(
    SELECT after, arraySlice(arraySort(groupArray(key)), 1, {each:UInt32}) AS beside_after
    FROM owners
    GROUP BY after
) AS there USING (after)
ORDER BY before, after
