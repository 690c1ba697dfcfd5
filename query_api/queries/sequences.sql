-- Answers: the most frequent whole paths, each with how many journeys took it.
-- Reads part `walks`.
-- Gives: left_out (not empty: journeys that are no path, and why), place (from 1; the first is always there, whatever the
-- page), sequence, longer (it goes on after its last node), journeys, conversions (of them, those that reached the goal
-- phase), median ms from its first node to its last, and on every row the number of paths and of different sequences.
-- Binds: most UInt32 (nodes of a sequence), limit UInt64, offset UInt64.
SELECT left_out, place, sequence, longer, walkers AS journeys, goals AS conversions, took, paths, sequences
FROM
(
    SELECT
        left_out, sequence, longer, walkers, goals, took,
        sumIf(walkers, left_out = '') OVER () AS paths,
        countIf(left_out = '') OVER () AS sequences,
        row_number() OVER (PARTITION BY left_out = '' ORDER BY walkers DESC, sequence, longer) AS place
    FROM
    (
        SELECT
            left_out, arraySlice(whole, 1, {most:UInt32}) AS sequence, length(whole) > {most:UInt32} AS longer,
            count() AS walkers, countIf(converted) AS goals,
            quantileExactInclusive(0.5)(if(empty(came_whole), 0, came_whole[-1] - came_whole[1])) AS took
        FROM walks
        GROUP BY left_out, sequence, longer
    )
)
WHERE left_out != '' OR place = 1 OR (place > {offset:UInt64} AND place <= {offset:UInt64} + {limit:UInt64})
ORDER BY left_out = '', place
