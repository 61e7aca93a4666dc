-- Version 4. Invitations to the host. What opens one is kept as a digest alone; one that opens nothing any more stays for
-- a while, so that whoever comes by it is told why.
CREATE TABLE invites (
    number INTEGER PRIMARY KEY,
    digest BLOB NOT NULL UNIQUE,
    room TEXT,
    by TEXT NOT NULL,
    made INTEGER NOT NULL,
    until INTEGER,
    once INTEGER NOT NULL,
    used INTEGER NOT NULL,
    revoked INTEGER NOT NULL,
    sum BLOB NOT NULL
) STRICT;
