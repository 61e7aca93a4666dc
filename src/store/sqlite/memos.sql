-- Version 5. What a person's screens put down for one another. Nothing of it is looked at here.
CREATE TABLE memos (
    person BLOB NOT NULL,
    name TEXT NOT NULL,
    text TEXT NOT NULL,
    sum BLOB NOT NULL,
    PRIMARY KEY (person, name)
) STRICT, WITHOUT ROWID;
