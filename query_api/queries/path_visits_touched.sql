-- Part `visits`: what each journey came by: the events or channels of its touchpoints, by (time, seq, id).
-- Reads parts `path_journeys` and `touches`.
-- Gives: began, over, converted, nodes, times (ms).
-- Binds: node Identifier (event or channel), from Int64.
SELECT
    began, over, converted,
    arrayFilter((node, time) -> time >= began AND time <= over, nodes_ever, times_ever) AS nodes,
    arrayFilter(time -> time >= began AND time <= over, times_ever) AS times
FROM path_journeys
LEFT JOIN
(
    -- Columns beside each other and places that are sorted: tuples with texts take half as long again.
    SELECT
        customer,
        groupArray(ms) AS moments, groupArray(seq) AS numbers, groupArray(event_id) AS ids,
        groupArray(if({node:Identifier} = '', '(none)', toString({node:Identifier}))) AS names,
        arraySort(
            (place, moment, number, id) -> (moment, number, id), arrayEnumerate(ids), moments, numbers, ids
        ) AS ranked,
        arrayMap(place -> ids[place], ranked) AS ranked_ids,
        -- Copies of a touchpoint stand side by side.
        arrayFilter(
            (place, id, before, rank) -> rank = 1 OR id != before,
            ranked, ranked_ids, arrayShiftRight(ranked_ids, 1), arrayEnumerate(ranked)
        ) AS own,
        arrayMap(place -> names[place], own) AS nodes_ever,
        arrayMap(place -> moments[place], own) AS times_ever
    FROM touches
    WHERE ms >= {from:Int64} AND customer IN (SELECT customer FROM path_journeys)
    GROUP BY customer
) AS visiting USING (customer)
