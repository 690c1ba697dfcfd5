-- Where the touchpoints of a batch of spans are: under their identifiers, one by one.
-- Part of a statement. Binds batch.
identifier IN (SELECT identifier FROM spans WHERE batch = {batch:UInt64})
