-- Writes what a funnel needs of all touchpoints to a Parquet file, in the order of their times, as they come in.
-- Binds path.
INSERT INTO FUNCTION file({path:String}, 'Parquet')
SELECT identifier AS customer, toUnixTimestamp64Milli(at) AS ms, toString(event) AS event
FROM touchpoints
WHERE workspace = 'default'
ORDER BY at
