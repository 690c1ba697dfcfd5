-- The columns of fold_accounts.sql where nobody has an account: nothing is computed for them.
-- Part of a statement. Binds nothing.
[]::Array(String) AS accounts, []::Array(String) AS account_names, []::Array(Int64) AS account_since,
[]::Array(Tuple(String, UInt64, UInt32, Int64, UInt256, Array(String))) AS shares,
[]::Array(UInt8) AS part_starts, []::Array(UInt8) AS part_ends
