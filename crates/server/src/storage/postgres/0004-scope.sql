-- The form of SQLite's step 5: what follows from the log, so that each scope's feed is found quickly; made anew after a restore.

-- Up to which position it was made.
ALTER TABLE site ADD COLUMN followed BIGINT NOT NULL DEFAULT 0;

-- The case of each position of the feed.
CREATE TABLE feed_case (
    site     TEXT NOT NULL,
    position BIGINT NOT NULL,
    case_id  BYTEA NOT NULL,
    PRIMARY KEY (site, position)
);

CREATE INDEX feed_case_by_case ON feed_case (site, case_id, position);

-- From which position on a case concerns a department, a person or ("*") everybody.
CREATE TABLE concern (
    site       TEXT NOT NULL,
    case_id    BYTEA NOT NULL,
    whom     TEXT NOT NULL,
    position   BIGINT NOT NULL,
    PRIMARY KEY (site, case_id, whom)
);

-- Cases that are open, as far as single envelopes say.
CREATE TABLE open_case (
    site    TEXT NOT NULL,
    case_id BYTEA NOT NULL,
    PRIMARY KEY (site, case_id)
);
