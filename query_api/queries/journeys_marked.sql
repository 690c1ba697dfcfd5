-- Part `journeys_in_range`: the journeys of part `journeys_found`, the value from touchpoints that carry one (part
-- `journeys_unfiltered` where journeys_passed.sql reads from it).
-- Reads parts `journeys_found` and `marks` (customer, account, marks: (ms, seq, event id, value) in order).
-- Gives: customer, account, number (of the journey, from 1), furthest, began, over, value, carries, valued (ms by which
-- values are ranked), passes (whether it meets the filters), reached (ms per phase, -1: never), allowed (the last phase
-- that may count in the asked order).
-- Binds: touch String (first or last), whole Bool (marks of the customer's other journeys count too).
SELECT
    customer, account, number, furthest, began, over,
    arrayFilter(mark -> {whole:Bool} OR (mark.1 >= began AND mark.1 <= over), marks) AS own,
    if({touch:String} = 'first', own[1].4, own[-1].4) AS value, notEmpty(own) AS carries,
    passes, valued, reached, allowed
FROM (SELECT * EXCEPT (value, carries) FROM journeys_found) AS here
LEFT JOIN marks USING (customer, account)
