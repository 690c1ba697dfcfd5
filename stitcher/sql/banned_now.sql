-- Which of some identifiers are banned in the generation that answers, of several workspaces.
-- Binds workspaces, nodes.
SELECT workspace, identifier
FROM banned FINAL
WHERE workspace IN {workspaces:Array(String)} AND identifier IN {nodes:Array(UInt64)} AND held
    AND (workspace, generation) NOT IN (
        SELECT workspace, generation FROM generations FINAL
        WHERE workspace IN {workspaces:Array(String)} AND (purpose != 'rules' OR state != 'active')
    )
