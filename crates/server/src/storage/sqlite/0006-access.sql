-- Codes by which a device joins, each for one device. Not in any backup: a restored database lets nobody in by an old one.
CREATE TABLE invitation (
    site    TEXT NOT NULL,
    hash    BLOB NOT NULL,
    ends_ms INTEGER NOT NULL,
    device  BLOB,
    PRIMARY KEY (site, hash)
) STRICT, WITHOUT ROWID;

-- What devices signed when they had erased all that they held.
CREATE TABLE erasure (
    site      TEXT NOT NULL,
    device    BLOB NOT NULL,
    at_ms     INTEGER NOT NULL,
    statement BLOB NOT NULL,
    PRIMARY KEY (site, device, at_ms)
) STRICT, WITHOUT ROWID;
