-- Answers: how many touchpoints the histories have that statements cannot decide.
-- Reads part `histories`.
-- Gives: touchpoints.
-- Binds: all Bool (every history is wanted).
SELECT sumIf(length(marks), hard OR {all:Bool})
FROM histories
