-- Part `walks`: the path that counts of each journey, between the nodes asked for.
-- Reads part `visits`.
-- Gives: converted, whole (the path), left_out (why it is no path: nodes, start, end; else empty), path and at (as
-- whole, but at most depth + 1 nodes if only `end` is given: the last ones), came (ms of each), skipped (columns left
-- free before it, so that it ends in column depth + 1; 0 where it begins in column 1), cut (whether whole is longer).
-- Binds: collapse Bool (equal nodes in a row become one), start String, end String (empty: not given), depth UInt16.
SELECT
    converted,
    arrayMap(
        (node, before, place) -> NOT {collapse:Bool} OR place = 1 OR node != before,
        nodes, arrayShiftRight(nodes, 1), arrayEnumerate(nodes)
    ) AS kept,
    arrayFilter((node, keep) -> keep, nodes, kept) AS walked,
    arrayFilter((time, keep) -> keep, times, kept) AS came,
    if({start:String} = '', 1, indexOf(walked, {start:String})) AS first,
    -- The path ends after it has begun: from a node to itself is a way back to it.
    if({end:String} = '', length(walked), arrayFirstIndex(
        (node, place) -> node = {end:String} AND place >= first + if({start:String} = '', 0, 1),
        walked, arrayEnumerate(walked)
    )) AS last,
    multiIf(empty(walked), 'nodes', first = 0, 'start', last = 0, 'end', '') AS left_out,
    if(left_out = '', arraySlice(walked, first, last - first + 1), []) AS whole,
    if(left_out = '', arraySlice(came, first, last - first + 1), []) AS came_whole,
    {start:String} = '' AND {end:String} != '' AS backwards,
    backwards AND length(whole) > {depth:UInt16} + 1 AS cut,
    if(cut, arraySlice(whole, -({depth:UInt16} + 1)), whole) AS path,
    if(cut, arraySlice(came_whole, -({depth:UInt16} + 1)), came_whole) AS at,
    if(backwards AND left_out = '', {depth:UInt16} + 1 - length(path), 0) AS skipped
FROM visits
