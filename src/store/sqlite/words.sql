-- Version 2. What is searched: the words of every Said as it stands, folded and cut by `protocol::search`, under
-- conversation * 2^36 + seq, with blanks between them: whatever is no blank is part of a word here. The index holds no text. What came lately waits in `unsearched` and is looked at as it is.
CREATE VIRTUAL TABLE words USING fts5(
    text, content='', columnsize=0, tokenize="ascii tokenchars '+<=>|~$^`'"
);
-- What was deleted leaves the index at once, and not only when its pages are written anew.
INSERT INTO words (words, rank) VALUES ('secure-delete', 1);
-- The words there are, and in how many rows: what begins with something is asked for by the words that do, since the index
-- itself would have to read all that it has of each of them first.
CREATE TABLE terms (term TEXT PRIMARY KEY, docs INTEGER NOT NULL) STRICT, WITHOUT ROWID;
CREATE TABLE unsearched (id INTEGER PRIMARY KEY) STRICT;
