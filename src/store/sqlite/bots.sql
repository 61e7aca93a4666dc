-- Version 6. People who are programs. From here on `guest` of entries and reactions has 2 for a program beside 1 for a guest.
CREATE TABLE bots (
    person BLOB PRIMARY KEY,
    sum BLOB NOT NULL
) STRICT, WITHOUT ROWID;
