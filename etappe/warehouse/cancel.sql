-- Gives up the statements of one question; a user without further rights may do so for those of its own.
-- Binds: mark String (the comment that they begin with).
KILL QUERY WHERE startsWith(query, {mark:String}) ASYNC
