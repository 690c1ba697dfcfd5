-- Touchpoints that stand under a banned identifier may belong to any other that they name.
-- Part of a statement. Binds banned.
OR identifier IN {banned:Array(UInt64)}
