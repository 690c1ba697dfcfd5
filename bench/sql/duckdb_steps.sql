-- How many customers reach each phase of acpl in order within 30 days of its first touchpoint: a join for each step,
-- written by hand for DuckDB, as one does where there is no windowFunnel.
-- Binds nothing.
WITH
    awareness AS (
        SELECT customer, min(ms) AS ms, min(ms) AS began
        FROM touchpoints
        WHERE event = 'Ad Clicked'
        GROUP BY customer
    ),
    consideration AS (
        SELECT before.customer, min(here.ms) AS ms, before.began
        FROM awareness AS before
        JOIN touchpoints AS here ON here.customer = before.customer
        WHERE here.event = 'Product Viewed' AND here.ms >= before.ms AND here.ms <= before.began + 2592000000
        GROUP BY before.customer, before.began
    ),
    purchase AS (
        SELECT before.customer, min(here.ms) AS ms, before.began
        FROM consideration AS before
        JOIN touchpoints AS here ON here.customer = before.customer
        WHERE here.event = 'Order Completed' AND here.ms >= before.ms AND here.ms <= before.began + 2592000000
        GROUP BY before.customer, before.began
    ),
    loyalty AS (
        SELECT before.customer, min(here.ms) AS ms, before.began
        FROM purchase AS before
        JOIN touchpoints AS here ON here.customer = before.customer
        WHERE here.event = 'Policy Renewed' AND here.ms >= before.ms AND here.ms <= before.began + 2592000000
        GROUP BY before.customer, before.began
    )
SELECT
    (SELECT count(*) FROM awareness), (SELECT count(*) FROM consideration),
    (SELECT count(*) FROM purchase), (SELECT count(*) FROM loyalty)
