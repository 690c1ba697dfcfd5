-- Makes the identities that links.sql leads to: every person a customer under its user id, with six identifiers.
-- Binds workspace, persons.
INSERT INTO identities (
    workspace, identifier, type, since, customer, members, refused_other, refused_rule, refused_event, version,
    generation, claimed
)
WITH
    (person * 8 + 1) * 11400714819323198485 AS user,
    (person * 8 + place + 1) * 11400714819323198485 AS named
SELECT
    {workspace:String}, named, multiIf(place = 0, 'user_id', place = 5, 'anonymous_id', 'email'),
    [-4611686018427387904], [user],
    if(
        place = 0,
        arraySort(arrayMap(k -> (person * 8 + k + 1) * 11400714819323198485, [0, 1, 2, 3, 4, 5])),
        []::Array(UInt64)
    ),
    [], [], [], 1, 0, person + 1
FROM (SELECT number AS person, arrayJoin([0, 1, 2, 3, 4, 5]) AS place FROM numbers({persons:UInt64}))
