-- Answers: the builds that answer or will, not those for times in the past, the oldest first.
-- Gives: model, build, definition (YAML), state, filled_through.
-- Binds: workspace String.
SELECT model, build, definition, toString(state), filled_through
FROM builds FINAL
WHERE workspace = {workspace:String} AND toString(state) IN ('active', 'filling')
    AND generation NOT IN (
        SELECT generation FROM generations FINAL WHERE workspace = {workspace:String} AND toString(purpose) != 'rules'
    )
ORDER BY build
