"""SQL, one statement or one named part of a statement a file; each header says what it answers and what it binds."""
