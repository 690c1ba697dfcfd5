-- Customers without touchpoints (merged into another, or erased) get a row that says so.
-- Part of a statement. Binds batch.
RIGHT JOIN (SELECT DISTINCT customer FROM spans WHERE batch = {batch:UInt64}) AS customers USING (customer)
