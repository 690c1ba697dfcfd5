-- Makes identities: of the touchpoints of touchpoints.sql, the customers of visitors 2 k and 2 k + 1 are one.
-- Binds merged (how many pairs).
INSERT INTO identities (
    workspace, identifier, type, since, customer, members, refused_other, refused_rule, refused_event, version,
    generation, claimed
)
WITH
    sipHash64(number - number % 2) AS survivor,
    sipHash64(number) AS own
SELECT
    'default', own, 'user_id', [-4611686018427387904], [survivor],
    if(own = survivor, [survivor, sipHash64(number + 1)], []::Array(UInt64)), [], [], [], 1, 0, number + 1
FROM numbers({merged:UInt64} * 2)
