-- Version 1. The log keeps entries as they came; `shown` holds what later entries made of them, and only for those that
-- were changed. People are named by their 16 byte id everywhere, so that nothing dangles when guests go.
-- `sum` is the digest of a row as it stands: what a bad disk changed is found when it is read. Only `mentions` has none;
-- like the indexes it is made of `entries` and compared with them when the whole file is looked over.
CREATE TABLE meta (key TEXT PRIMARY KEY, value BLOB NOT NULL) STRICT, WITHOUT ROWID;

CREATE TABLE persons (
    person BLOB PRIMARY KEY,
    name TEXT NOT NULL,
    fold TEXT NOT NULL UNIQUE,      -- NFKC and case folded
    skeleton TEXT NOT NULL UNIQUE,  -- what it looks like (protocol::names::skeleton)
    since INTEGER NOT NULL,
    sum BLOB NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE keys (
    key BLOB PRIMARY KEY,
    person BLOB NOT NULL REFERENCES persons(person),
    sum BLOB NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE reserved (
    fold TEXT PRIMARY KEY,
    name TEXT NOT NULL,
    person BLOB NOT NULL REFERENCES persons(person),
    until INTEGER NOT NULL,
    sum BLOB NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE conversations (
    id INTEGER PRIMARY KEY,
    room TEXT,                      -- as its maker wrote it; NULL for a direct one
    fold TEXT UNIQUE,
    a BLOB, b BLOB,                 -- the pair of a direct one, a <= b
    maker BLOB,
    made INTEGER NOT NULL,
    topic TEXT NOT NULL DEFAULT '',
    head INTEGER NOT NULL DEFAULT 0,
    oldest INTEGER NOT NULL DEFAULT 1,
    sum BLOB NOT NULL,
    UNIQUE (a, b)
) STRICT;

CREATE TABLE memberships (
    person BLOB NOT NULL REFERENCES persons(person),
    conversation INTEGER NOT NULL REFERENCES conversations(id),
    sum BLOB NOT NULL,
    PRIMARY KEY (person, conversation)
) STRICT, WITHOUT ROWID;
CREATE INDEX members ON memberships(conversation);

CREATE TABLE reads (
    person BLOB NOT NULL,
    conversation INTEGER NOT NULL REFERENCES conversations(id),
    seq INTEGER NOT NULL,
    sum BLOB NOT NULL,
    PRIMARY KEY (person, conversation)
) STRICT, WITHOUT ROWID;

CREATE TABLE entries (
    conversation INTEGER NOT NULL REFERENCES conversations(id),
    seq INTEGER NOT NULL,
    at INTEGER NOT NULL,
    author BLOB NOT NULL,
    name TEXT NOT NULL,
    guest INTEGER NOT NULL,
    addressed TEXT NOT NULL,
    kind INTEGER NOT NULL,          -- 0 said, 1 edited, 2 deleted, 3 reacted, 4 unreacted, 5 topic
    text TEXT,
    me INTEGER NOT NULL DEFAULT 0,
    reply_to INTEGER,
    of INTEGER,
    emoji TEXT,
    nonce BLOB,
    body BLOB NOT NULL,             -- digest of what was asked, for a nonce that comes again
    mentions BLOB NOT NULL,         -- ids, one after the other
    rev INTEGER NOT NULL,           -- seq of the last entry that changed this one: it has that row in `shown`, or none
    sum BLOB NOT NULL,              -- digest of the row as it stands
    PRIMARY KEY (conversation, seq)
) STRICT, WITHOUT ROWID;
CREATE UNIQUE INDEX nonces ON entries(conversation, author, nonce) WHERE nonce IS NOT NULL;
CREATE INDEX said ON entries(conversation, seq, author) WHERE kind = 0;

CREATE TABLE shown (
    conversation INTEGER NOT NULL,
    seq INTEGER NOT NULL,
    rev INTEGER NOT NULL,
    deleted INTEGER NOT NULL DEFAULT 0,
    text TEXT,                      -- the words now; NULL when never edited, or deleted
    reactions INTEGER NOT NULL,     -- rows in `reactions`, so that none can be missing
    sum BLOB NOT NULL,
    PRIMARY KEY (conversation, seq)
) STRICT, WITHOUT ROWID;

CREATE TABLE reactions (
    conversation INTEGER NOT NULL,
    seq INTEGER NOT NULL,
    emoji TEXT NOT NULL,
    author BLOB NOT NULL,
    name TEXT NOT NULL,
    guest INTEGER NOT NULL,
    since INTEGER NOT NULL,         -- seq of the entry that reacted
    sum BLOB NOT NULL,
    PRIMARY KEY (conversation, seq, emoji, author)
) STRICT, WITHOUT ROWID;

-- For counting: one row for each person that a Said not deleted mentions.
CREATE TABLE mentions (
    person BLOB NOT NULL,
    conversation INTEGER NOT NULL,
    seq INTEGER NOT NULL,
    PRIMARY KEY (person, conversation, seq)
) STRICT, WITHOUT ROWID;
