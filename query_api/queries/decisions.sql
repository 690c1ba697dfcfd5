-- Answers: what operators decided of identifiers, the latest first.
-- Gives: id, kind, a, b, asked_by, note, asked (ms), taken_back (ms; 0: it holds).
-- Binds: workspace String.
SELECT id, toString(kind) AS kind_name, a, b, asked_by, note, asked, taken_back
FROM decisions FINAL
WHERE workspace = {workspace:String}
ORDER BY asked DESC, id
