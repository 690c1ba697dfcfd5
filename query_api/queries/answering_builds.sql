-- Answers: which builds of a workspace answer, by model, and which identities they were folded with.
-- Gives: model, build, model_version, definition (YAML), generation, rules (YAML of the identities; empty: the default
-- ones), known_until (ms; 0: everything), bans (how many identifiers the generation bans).
-- Binds: workspace String, state String (active, or as_of), generation Int64 (-1: any).
SELECT model, build, model_version, definition, generation, rules, known_until, bans
FROM
(
    SELECT model, build, model_version, definition, generation
    FROM builds FINAL
    WHERE workspace = {workspace:String} AND toString(state) = {state:String}
        AND ({generation:Int64} < 0 OR generation = {generation:Int64})
) AS answering
LEFT JOIN
(
    SELECT generation, rules, known_until
    FROM generations FINAL
    WHERE workspace = {workspace:String}
) AS defined USING (generation)
LEFT JOIN
(
    SELECT generation, count() AS bans
    FROM banned FINAL
    WHERE workspace = {workspace:String} AND held
    GROUP BY generation
) AS banning USING (generation)
ORDER BY model, build
