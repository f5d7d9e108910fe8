-- What follows from the log, so that each scope's feed is found quickly; made anew after a restore.

-- Up to which position it was made.
ALTER TABLE site ADD COLUMN followed INTEGER NOT NULL DEFAULT 0;

-- The case of each position of the feed.
CREATE TABLE feed_case (
    site     TEXT NOT NULL,
    position INTEGER NOT NULL,
    case_id  BLOB NOT NULL,
    PRIMARY KEY (site, position)
) STRICT, WITHOUT ROWID;

CREATE INDEX feed_case_by_case ON feed_case (site, case_id, position);

-- From which position on a case concerns a department, a person or ("*") everybody.
CREATE TABLE concern (
    site       TEXT NOT NULL,
    case_id    BLOB NOT NULL,
    whom     TEXT NOT NULL,
    position   INTEGER NOT NULL,
    PRIMARY KEY (site, case_id, whom)
) STRICT, WITHOUT ROWID;

-- Cases that are open, as far as single envelopes say.
CREATE TABLE open_case (
    site    TEXT NOT NULL,
    case_id BLOB NOT NULL,
    PRIMARY KEY (site, case_id)
) STRICT, WITHOUT ROWID;
