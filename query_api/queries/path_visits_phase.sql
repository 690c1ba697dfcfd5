-- Part `visits`: what each journey came by: the phases of its touchpoints, those without a phase left out. Equal times
-- stand in phase order.
-- Reads part `path_journeys`.
-- Gives: began, over, converted, nodes, times (ms).
-- Binds: phases Array(String).
SELECT
    began, over, converted,
    arrayFilter(each -> bitAnd(each, 15) > 0, packed) AS mapped,
    arrayMap(each -> {phases:Array(String)}[bitAnd(each, 15)], mapped) AS nodes,
    arrayMap(each -> bitShiftRight(each, 4), mapped) AS times
FROM path_journeys
