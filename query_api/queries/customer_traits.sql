-- Answers: the traits that a customer's touchpoints carry, oldest first.
-- Reads part `spanned`.
-- Gives: traits (JSON object).
-- Binds: nothing.
SELECT traits
FROM spanned
WHERE NOT bot AND traits != ''
ORDER BY at, seq, event_id
