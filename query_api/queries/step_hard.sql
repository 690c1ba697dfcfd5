-- Answers: the histories that statements cannot decide, one piece of them.
-- Reads part `histories`.
-- Gives: unit_account, whose, journey, marks.
-- Binds: all Bool (every history is wanted), pieces UInt32, piece UInt32 (from 0).
SELECT unit_account, whose, journey, marks
FROM histories
WHERE (hard OR {all:Bool}) AND cityHash64(unit_account, whose, journey) % {pieces:UInt32} = {piece:UInt32}
