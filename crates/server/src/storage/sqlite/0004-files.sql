-- Photos, by the hash of their bytes. What is not whole yet is given to nobody.
CREATE TABLE file (
    site       TEXT NOT NULL,
    hash       BLOB NOT NULL,
    n_bytes    INTEGER NOT NULL,
    is_whole   INTEGER NOT NULL,
    arrived_ms INTEGER NOT NULL,
    PRIMARY KEY (site, hash)
) STRICT, WITHOUT ROWID;

CREATE TABLE file_chunk (
    site  TEXT NOT NULL,
    hash  BLOB NOT NULL,
    n     INTEGER NOT NULL,
    bytes BLOB NOT NULL,
    PRIMARY KEY (site, hash, n)
) STRICT;

-- How many bytes of new files a site sent on a day, counted in days since 1970.
CREATE TABLE file_day (
    site    TEXT NOT NULL,
    day     INTEGER NOT NULL,
    n_bytes INTEGER NOT NULL,
    PRIMARY KEY (site, day)
) STRICT, WITHOUT ROWID;
