-- How much every workspace holds of refused events: rows, bytes, and the oldest's time (ms).
SELECT workspace, count(), sum(size), toUnixTimestamp64Milli(min(stamp))
FROM rejects FINAL
GROUP BY workspace
