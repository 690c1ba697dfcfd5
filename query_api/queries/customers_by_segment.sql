-- Part `condition`: the customers whose first journey in the range is in a segment that passes a test: new (their
-- first journey), lapsed (the one before ended long ago), existing (an earlier one reached the conversion phase),
-- returning (any other).
-- `/*test*/` stands for the test of `segment`.
-- Gives: customer.
-- Binds: workspace String, build UInt32, from Int64, to Int64, within Bool (the first journey with a part in the range;
-- otherwise the first that began in it, if one did), conversion UInt8 (position of the phase), lapsed Int64 (ms of
-- silence); the parameters of the test.
SELECT customer
FROM
(
    SELECT
        customer,
        arrayFirstIndex(began -> began >= {from:Int64} AND began < {to:Int64}, started) AS begun,
        arrayFirstIndex(
            (began, over) -> over >= {from:Int64} AND began < {to:Int64}, started, ended
        ) AS present,
        if(begun = 0 OR {within:Bool}, present, begun) AS place,
        multiIf(
            place = 1, 'new',
            started[place] - ended[place - 1] > {lapsed:Int64}, 'lapsed',
            arrayExists(
                (furthest, n) -> n < place AND furthest >= {conversion:UInt8}, furthests, arrayEnumerate(furthests)
            ), 'existing',
            'returning'
        ) AS segment
    FROM journeys FINAL
    WHERE workspace = {workspace:String} AND build = {build:UInt32}
        AND last_at >= {from:Int64} AND first_at < {to:Int64} AND place > 0
) AS segments
WHERE /*test*/
