-- Part `journeys_in_range`: the journeys of part `journeys_found`, the value from touchpoints that carry one.
-- Reads parts `journeys_found` and `marks` (customer, account, marks: (ms, seq, event id, value) in order).
-- Gives: customer, account, furthest, began, over, value, carries, valued (ms by which values are ranked), reached
-- (ms per phase, -1: never), allowed (the last phase that may count in the asked order).
-- Binds: touch String (first or last), whole Bool (marks of the customer's other journeys count too).
SELECT
    customer, account, furthest, began, over,
    arrayFilter(mark -> {whole:Bool} OR (mark.1 >= began AND mark.1 <= over), marks) AS own,
    if({touch:String} = 'first', own[1].4, own[-1].4) AS value, notEmpty(own) AS carries,
    valued, reached, allowed
FROM (SELECT * EXCEPT (value, carries) FROM journeys_found) AS here
LEFT JOIN marks USING (customer, account)
