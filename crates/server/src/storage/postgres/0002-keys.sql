-- The form of SQLite's step 3.

DROP TABLE token;

DROP TABLE device;

CREATE TABLE device (
    site   TEXT NOT NULL,
    device BYTEA NOT NULL,
    chain  BIGINT NOT NULL,
    code   TEXT NOT NULL,
    key    BYTEA,
    PRIMARY KEY (site, device, chain)
);

-- Codes given out; after a restore some are left out, since devices that joined since bring theirs back.
ALTER TABLE site ADD COLUMN n_codes BIGINT NOT NULL DEFAULT 0;

-- The keys that this database belongs to.
ALTER TABLE server ADD COLUMN root BYTEA;

-- What devices took back, known or not, each with its signed statement.
CREATE TABLE withdrawal (
    site      TEXT NOT NULL,
    device    BYTEA NOT NULL,
    chain     BIGINT NOT NULL,
    sequence  BIGINT NOT NULL,
    hash      BYTEA NOT NULL,
    statement BYTEA NOT NULL,
    PRIMARY KEY (site, device, chain, sequence, hash)
);
