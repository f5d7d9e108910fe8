-- The form of SQLite's step 4.

-- Photos, by the hash of their bytes. What is not whole yet is given to nobody.
CREATE TABLE file (
    site       TEXT NOT NULL,
    hash       BYTEA NOT NULL,
    n_bytes    BIGINT NOT NULL,
    is_whole   BIGINT NOT NULL,
    arrived_ms BIGINT NOT NULL,
    PRIMARY KEY (site, hash)
);

CREATE TABLE file_chunk (
    site  TEXT NOT NULL,
    hash  BYTEA NOT NULL,
    n     BIGINT NOT NULL,
    bytes BYTEA NOT NULL,
    PRIMARY KEY (site, hash, n)
);

-- How many bytes of new files a site sent on a day, counted in days since 1970.
CREATE TABLE file_day (
    site    TEXT NOT NULL,
    day     BIGINT NOT NULL,
    n_bytes BIGINT NOT NULL,
    PRIMARY KEY (site, day)
);
