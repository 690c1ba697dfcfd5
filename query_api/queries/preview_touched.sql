-- Part `touched`: touchpoints with what an unsaved model makes of them; those of flagged bots left out.
-- Reads part `owned`. `/*phases*/` stands for its expression.
-- Gives: owner (the identifier that it belongs to), ms, mark (what the expression says; 0: nothing). Copies of a
-- touchpoint change nothing.
-- Binds: the parameters of the expression.
SELECT owner, toUnixTimestamp64Milli(at) AS ms, /*phases*/ AS mark
FROM owned
WHERE NOT bot
