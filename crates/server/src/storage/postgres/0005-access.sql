-- Codes by which a device joins, each for one device. Not in any backup: a restored database lets nobody in by an old one.
CREATE TABLE invitation (
    site    TEXT NOT NULL,
    hash    BYTEA NOT NULL,
    ends_ms BIGINT NOT NULL,
    device  BYTEA,
    PRIMARY KEY (site, hash)
);

-- What devices signed when they had erased all that they held.
CREATE TABLE erasure (
    site      TEXT NOT NULL,
    device    BYTEA NOT NULL,
    at_ms     BIGINT NOT NULL,
    statement BYTEA NOT NULL,
    PRIMARY KEY (site, device, at_ms)
);
