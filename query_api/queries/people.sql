-- Answers: the units behind one number of the phase funnel, those that arrived last first, from a place on.
-- Reads part `units`.
-- Gives: customer, account, number (of the journey that first arrived), arrived (ms), over (ms, of the last touchpoint
-- that counts), last_customer (whose that is).
-- Binds: position UInt8 (of the phase), dropped Bool (only those that got no further), any_group Bool, group String,
-- any_period Bool, period String, interval String, time_zone String, silent_since Int64 (ms: no touchpoint that counts
-- is later), limit UInt32, and the unit before the first: after_arrived Int64, after_customer UInt64,
-- after_number UInt32, after_account String.
SELECT customer, account, number, arrived, over, last_customer
FROM
(
    SELECT
        *,
        if({interval:String} = '', '',
            toString(addDays(toDate32(fromUnixTimestamp64Milli(began, {time_zone:String})) AS began_on, multiIf(
                {interval:String} = 'week', 1 - toDayOfWeek(began_on),
                {interval:String} = 'month', 1 - toDayOfMonth(began_on), 0)))) AS period
    FROM units
) AS counted
WHERE arrived < 9223372036854775807 AND (NOT {dropped:Bool} OR depth = {position:UInt8})
    AND ({any_group:Bool} OR value = {group:String}) AND ({any_period:Bool} OR period = {period:String})
    AND over <= {silent_since:Int64}
    AND (
        arrived < {after_arrived:Int64}
        OR (
            arrived = {after_arrived:Int64}
            AND (customer, toUInt32(number), account)
                > ({after_customer:UInt64}, {after_number:UInt32}, {after_account:String})
        )
    )
ORDER BY arrived DESC, customer, number, account
LIMIT {limit:UInt32}
