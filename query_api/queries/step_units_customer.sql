-- Part `parted`: each touchpoint with whom it counts for: its customer.
-- Reads part `stepped`.
-- Gives: its columns, unit_account (empty), whose, journey (0).
-- Binds nothing.
SELECT *, '' AS unit_account, customer AS whose, 0::UInt32 AS journey
FROM stepped
