"""SQL: one statement, or one named part of a statement, a file; its header says what it answers and binds."""
