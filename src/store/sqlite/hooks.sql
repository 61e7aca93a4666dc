-- Version 7. Webhooks. What lets a program speak by one is kept as a digest alone.
CREATE TABLE hooks (
    number INTEGER PRIMARY KEY,
    digest BLOB NOT NULL UNIQUE,
    person BLOB NOT NULL UNIQUE,
    room TEXT NOT NULL,
    name TEXT NOT NULL,
    by TEXT NOT NULL,
    made INTEGER NOT NULL,
    sum BLOB NOT NULL
) STRICT;
