-- Numbers that are u64 in the program are stored as the i64 with the same bits.

CREATE TABLE server (
    one   INTEGER PRIMARY KEY CHECK (one = 1),
    epoch INTEGER NOT NULL
) STRICT;

CREATE TABLE site (
    site            TEXT PRIMARY KEY,
    last_position   INTEGER NOT NULL DEFAULT 0,
    highest_counter INTEGER NOT NULL DEFAULT 0
) STRICT, WITHOUT ROWID;

CREATE TABLE pin (
    site   TEXT NOT NULL,
    person TEXT NOT NULL,
    hashed TEXT NOT NULL,
    PRIMARY KEY (site, person)
) STRICT, WITHOUT ROWID;

CREATE TABLE device (
    site   TEXT NOT NULL,
    device BLOB NOT NULL,
    code   TEXT NOT NULL,
    PRIMARY KEY (site, device),
    UNIQUE (site, code)
) STRICT, WITHOUT ROWID;

CREATE TABLE token (
    hash    BLOB PRIMARY KEY,
    site    TEXT NOT NULL,
    person  TEXT NOT NULL,
    device  BLOB NOT NULL,
    ends_ms INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE INDEX token_by_end ON token (ends_ms);

-- The unbroken part of each chain, and the highest sequence its device says it has written.
CREATE TABLE chain (
    site          TEXT NOT NULL,
    device        BLOB NOT NULL,
    chain         INTEGER NOT NULL,
    head_sequence INTEGER,
    head_hash     BLOB,
    announced     INTEGER NOT NULL,
    PRIMARY KEY (site, device, chain)
) STRICT, WITHOUT ROWID;

-- The log. What is passed on has a position; of what was refused only the place is kept.
CREATE TABLE envelope (
    arrival    INTEGER PRIMARY KEY,
    site       TEXT NOT NULL,
    device     BLOB NOT NULL,
    chain      INTEGER NOT NULL,
    sequence   INTEGER NOT NULL,
    hash       BLOB NOT NULL,
    previous   BLOB,
    format     INTEGER NOT NULL,
    counter    INTEGER NOT NULL,
    fate       BLOB NOT NULL,
    arrived_ms INTEGER NOT NULL,
    position   INTEGER,
    bytes      BLOB,
    UNIQUE (site, device, chain, sequence, hash),
    UNIQUE (site, position)
) STRICT;
