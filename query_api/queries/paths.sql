-- Answers: how many journeys went from which node to which, by column, and how many of each column left.
-- Reads part `walks`.
-- Gives: position (0: journeys that are no path, their reason as node), node (empty: paths that begin in the next
-- column), next (empty: paths that end here), journeys, median ms between the two (nan: nobody). In each column only the
-- most frequent nodes have their own name, beside `start` and `end`; the others are `(other)`.
-- Binds: depth UInt16 (the last position), nodes UInt16 (names in a column), start String, end String.
SELECT
    position, node_shown AS node, next_shown AS next, sum(walkers) AS journeys,
    quantileExactInclusiveMerge(0.5)(took_state) AS took
FROM
(
    SELECT
        position, walkers, took_state,
        if(position = 0 OR node IN ('', {start:String}, {end:String}) OR node_rank <= {nodes:UInt16},
            node, '(other)') AS node_shown,
        if(position = 0 OR next IN ('', {start:String}, {end:String}) OR next_rank <= {nodes:UInt16},
            next, '(other)') AS next_shown
    FROM
    (
        -- As many come into a column's node as go on or leave, so both sides rank it alike.
        SELECT
            position, node, next, walkers, took_state,
            dense_rank() OVER (PARTITION BY position ORDER BY node = '', from_node DESC, node) AS node_rank,
            dense_rank() OVER (PARTITION BY position ORDER BY next = '', to_next DESC, next) AS next_rank
        FROM
        (
            SELECT
                position, node, next, walkers, took_state,
                sum(walkers) OVER (PARTITION BY position, node) AS from_node,
                sum(walkers) OVER (PARTITION BY position, next) AS to_next
            FROM
            (
                SELECT
                    hop.1 AS position, hop.2 AS node, hop.3 AS next, count() AS walkers,
                    quantileExactInclusiveStateIf(0.5)(hop.4, hop.2 != '' AND hop.3 != '') AS took_state
                FROM
                (
                    SELECT
                        arrayConcat(
                            if(left_out = '', [], [(0, left_out, '', 0)]),
                            if(skipped > 0 AND NOT cut, [(skipped, '', path[1], 0)], []),
                            arrayMap(
                                (node, next, moment, following, place) ->
                                    (skipped + place, node, next, if(next = '', 0, following - moment)),
                                arrayResize(path, ways), arrayResize(arrayShiftLeft(path, 1), ways),
                                arrayResize(at, ways), arrayResize(arrayShiftLeft(at, 1), ways), range(1, ways + 1)
                            )
                        )::Array(Tuple(UInt16, String, String, Int64)) AS hops,
                        least(length(path), greatest({depth:UInt16} - skipped, 0)) AS ways
                    FROM walks
                )
                ARRAY JOIN hops AS hop
                GROUP BY position, node, next
            )
        )
    )
)
GROUP BY position, node_shown, next_shown
ORDER BY position, journeys DESC, node_shown = '', node_shown, next_shown = '', next_shown
