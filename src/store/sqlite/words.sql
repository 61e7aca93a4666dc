-- Version 2. What is searched: the words of every Said as it stands, folded and cut by `protocol::search`, under
-- conversation * 2^36 + seq. The index holds no text. What came lately waits in `unsearched` and is looked at as it is.
CREATE VIRTUAL TABLE words USING fts5(
    text, content='', columnsize=0, tokenize="unicode61 remove_diacritics 0 categories 'L* M* N* Co S*'"
);
-- What was deleted leaves the index at once, and not only when its pages are written anew.
INSERT INTO words (words, rank) VALUES ('secure-delete', 1);
CREATE TABLE unsearched (id INTEGER PRIMARY KEY) STRICT;
