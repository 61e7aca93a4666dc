-- Version 3. Order: who may do what, who may not, how rooms are set, and the record of it. Where a conversation is meant
-- and it is 0, the host is. Every row has its digest in `sum`, and all but the record is read at every start.
CREATE TABLE roles (
    person BLOB NOT NULL,
    conversation INTEGER NOT NULL,
    role INTEGER NOT NULL,          -- 2 operator, 3 owner
    sum BLOB NOT NULL,
    PRIMARY KEY (person, conversation)
) STRICT, WITHOUT ROWID;

CREATE TABLE sentences (
    penalty TEXT NOT NULL,          -- ban, mute
    conversation INTEGER NOT NULL,
    subject BLOB NOT NULL,          -- 0 and a person, 4 or 6 and an address
    name TEXT NOT NULL,
    until INTEGER,                  -- NULL: for good
    why TEXT NOT NULL,
    sum BLOB NOT NULL,
    PRIMARY KEY (penalty, conversation, subject)
) STRICT, WITHOUT ROWID;

CREATE TABLE settings (
    conversation INTEGER PRIMARY KEY REFERENCES conversations(id),
    private INTEGER NOT NULL,
    readonly INTEGER NOT NULL,
    slow INTEGER NOT NULL,          -- milliseconds
    password TEXT,                  -- a PHC string
    sum BLOB NOT NULL
) STRICT;

CREATE TABLE invited (
    conversation INTEGER NOT NULL REFERENCES conversations(id),
    person BLOB NOT NULL,
    sum BLOB NOT NULL,
    PRIMARY KEY (conversation, person)
) STRICT, WITHOUT ROWID;

-- Rooms that were deleted: the row in `conversations` stays, so that its numbers go on should it be made again.
CREATE TABLE deleted (
    conversation INTEGER PRIMARY KEY REFERENCES conversations(id),
    sum BLOB NOT NULL
) STRICT;

CREATE TABLE audit (
    id INTEGER PRIMARY KEY,
    at INTEGER NOT NULL,
    by TEXT,
    deed TEXT NOT NULL,
    room TEXT,
    whom TEXT,
    until INTEGER,
    why TEXT NOT NULL,
    sum BLOB NOT NULL
) STRICT;
