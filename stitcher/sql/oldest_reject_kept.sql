-- Since when (ms) a workspace's refused events are at most `rows` and `bytes`, counted from the newest on.
-- Binds workspace, rows, bytes.
SELECT toUnixTimestamp64Milli(min(stamp))
FROM
(
    SELECT stamp, sum(size) OVER newest AS bytes, row_number() OVER newest AS place
    FROM rejects FINAL
    WHERE workspace = {workspace:String}
    WINDOW newest AS (ORDER BY stamp DESC ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW)
)
WHERE place <= {rows:UInt64} AND bytes <= {bytes:UInt64}
