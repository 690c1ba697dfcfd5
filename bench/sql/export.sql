-- Writes what a funnel needs of all touchpoints to a Parquet file.
-- Binds path.
INSERT INTO FUNCTION file({path:String}, 'Parquet')
SELECT identifier AS customer, toUnixTimestamp64Milli(at) AS ms, toString(event) AS event
FROM touchpoints
WHERE workspace = 'default'
