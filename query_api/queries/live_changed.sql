-- Answers: the customers whose journeys changed after a version, the latest first, with the journey that each is in.
-- Replaced rows need no FINAL: only the newest version of a customer is taken.
-- Gives: customer, version, gone (it is part of another customer now), number (of the journey, from 1), started, ended
-- (ms), touchpoints, value, position (of the phase of its last touchpoint; 0: unmapped), furthest, channel (of its last
-- touchpoint).
-- Binds: workspace String, build UInt32, since UInt64 (excluded), most UInt32.
SELECT
    customer, version, gone, length(started) AS number, started[-1] AS started_at, ended[-1] AS ended_at,
    sizes[-1] AS touchpoints_here, values[-1] AS value_here, bitAnd(sequence[-1], 15) AS position,
    furthests[-1] AS furthest_here, last_channel[-1] AS channel
FROM
(
    SELECT *
    FROM journeys
    WHERE workspace = {workspace:String} AND build = {build:UInt32} AND version > {since:UInt64}
    ORDER BY customer, version DESC
    LIMIT 1 BY customer
)
ORDER BY version DESC, ended_at DESC, customer
LIMIT {most:UInt32}
