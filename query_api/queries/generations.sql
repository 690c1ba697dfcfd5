-- Answers: the generations of identities that there are, and how far those are that are being made; oldest first.
-- Gives: generation, purpose, name, rules (YAML), known_until (ms), state, resolved_through (identifiers), filled_through
-- (customers, the least of its builds that are being filled; 0: none is), asked (ms).
-- Binds: workspace String.
SELECT
    generation, toString(purpose) AS purpose_name, name, rules, known_until, toString(state) AS state_name,
    resolved_through, through, asked
FROM
(
    SELECT * FROM generations FINAL WHERE workspace = {workspace:String} AND state != 'retired'
) AS made
LEFT JOIN
(
    SELECT generation, min(filled_through) AS through
    FROM builds FINAL
    WHERE workspace = {workspace:String} AND state = 'filling'
    GROUP BY generation
) AS filling USING (generation)
ORDER BY generation
