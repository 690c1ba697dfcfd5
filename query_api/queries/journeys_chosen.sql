-- Answers: which journeys are listed, newest end first, from a place on.
-- Reads part `journeys_ended`.
-- Gives: customer, number, over (ms).
-- Binds: after_over Int64, after_customer UInt64 (the journey before the first), limit UInt32.
SELECT customer, number, over
FROM journeys_ended
WHERE over < {after_over:Int64} OR (over = {after_over:Int64} AND customer > {after_customer:UInt64})
ORDER BY over DESC, customer
LIMIT {limit:UInt32}
