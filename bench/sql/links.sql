-- Makes links of persons: a user id with four e-mail addresses and one device that it logged in on, five links a
-- person, each from either end as the stitcher stores them. The key of place k of person p is (8 p + k + 1) times an
-- odd number, modulo 2^64 (`key` in bench/graph.py).
-- Binds workspace, persons.
INSERT INTO links (
    workspace, node, kind, other, at, event_id, forward, node_type, other_type, stamp, source, import_id, bypass
)
WITH
    (person * 8 + 1) * 11400714819323198485 AS user,
    (person * 8 + place + 1) * 11400714819323198485 AS named,
    place = 5 AS is_login,
    if(is_login, named, user) AS a,
    if(is_login, user, named) AS b,
    if(is_login, 'anonymous_id', 'user_id') AS a_type,
    if(is_login, 'user_id', 'email') AS b_type
SELECT
    {workspace:String}, if(ahead, a, b), if(is_login, 'login', 'person'), if(ahead, b, a),
    fromUnixTimestamp64Milli(toInt64(person)), reinterpretAsFixedString(toUInt128(person * 8 + place)), ahead,
    if(ahead, a_type, b_type), if(ahead, b_type, a_type), fromUnixTimestamp64Milli(toInt64(person)), 'bench', '', 0
FROM (
    SELECT number AS person, arrayJoin([1, 2, 3, 4, 5]) AS place, arrayJoin([true, false]) AS ahead
    FROM numbers({persons:UInt64})
)
