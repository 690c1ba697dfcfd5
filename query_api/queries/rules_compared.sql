-- Answers: what another generation of identities would change. A customer of the other one goes on as the one of today
-- that its name belongs to, and one of today goes on as the one that its name would belong to.
-- Reads part `owners`.
-- Gives: customers before, customers after, merged (customers of today that become part of another), split (that fall
-- apart), changed (identifiers that change over to another customer).
-- Binds: nothing.
SELECT
    uniqExact(before) AS customers_before,
    uniqExact(after) AS customers_after,
    uniqExactIf(before, before != keeper) AS merged,
    uniqExactIf(before, pieces > 1) AS split,
    countIf(before != keeper OR after != heir) AS changed
FROM owners
LEFT JOIN (SELECT key AS after, before AS keeper FROM owners) AS keepers USING (after)
LEFT JOIN (SELECT key AS before, after AS heir FROM owners) AS heirs USING (before)
LEFT JOIN (SELECT before, uniqExact(after) AS pieces FROM owners GROUP BY before) AS parts USING (before)
