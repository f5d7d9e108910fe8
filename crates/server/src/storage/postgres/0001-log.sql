-- The form of SQLite's steps 1 and 2. Numbers that are u64 in the program are stored as the i64 with
-- the same bits.

CREATE TABLE server (
    one   BIGINT PRIMARY KEY CHECK (one = 1),
    epoch BIGINT NOT NULL
);

-- Whoever appends to a site's log holds its row until the commit.
CREATE TABLE site (
    site            TEXT PRIMARY KEY,
    last_position   BIGINT NOT NULL DEFAULT 0,
    highest_counter BIGINT NOT NULL DEFAULT 0,
    last_arrival    BIGINT NOT NULL DEFAULT 0,
    epoch           BIGINT NOT NULL
) WITH (fillfactor = 20);

CREATE TABLE pin (
    site   TEXT NOT NULL,
    person TEXT NOT NULL,
    hashed TEXT NOT NULL,
    PRIMARY KEY (site, person)
);

CREATE TABLE device (
    site   TEXT NOT NULL,
    device BYTEA NOT NULL,
    code   TEXT NOT NULL,
    PRIMARY KEY (site, device),
    UNIQUE (site, code)
);

CREATE TABLE token (
    site    TEXT NOT NULL,
    hash    BYTEA NOT NULL,
    person  TEXT NOT NULL,
    device  BYTEA NOT NULL,
    ends_ms BIGINT NOT NULL,
    PRIMARY KEY (site, hash)
);

CREATE INDEX token_by_hash ON token (hash);

CREATE TABLE chain (
    site          TEXT NOT NULL,
    device        BYTEA NOT NULL,
    chain         BIGINT NOT NULL,
    head_sequence BIGINT,
    head_hash     BYTEA,
    announced     BIGINT NOT NULL,
    backed_up     BIGINT,
    PRIMARY KEY (site, device, chain)
);

CREATE TABLE envelope (
    site       TEXT NOT NULL,
    arrival    BIGINT NOT NULL,
    device     BYTEA NOT NULL,
    chain      BIGINT NOT NULL,
    sequence   BIGINT NOT NULL,
    hash       BYTEA NOT NULL,
    previous   BYTEA,
    format     BIGINT NOT NULL,
    counter    BIGINT NOT NULL,
    fate       BYTEA NOT NULL,
    arrived_ms BIGINT NOT NULL,
    position   BIGINT,
    bytes      BYTEA,
    PRIMARY KEY (site, arrival),
    UNIQUE (site, device, chain, sequence, hash),
    UNIQUE (site, position)
);
