-- A device is known by its key, and writes with a short code of its own in each of its chains. Tokens carry
-- their own proof: none is stored. The key stays empty for a device of before until it signs in again.

DROP TABLE token;

CREATE TABLE device_with_key (
    site   TEXT NOT NULL,
    device BLOB NOT NULL,
    chain  INTEGER NOT NULL,
    code   TEXT NOT NULL,
    key    BLOB,
    PRIMARY KEY (site, device, chain)
) STRICT, WITHOUT ROWID;

INSERT INTO device_with_key SELECT site, device, 1, code, NULL FROM device;

DROP TABLE device;

ALTER TABLE device_with_key RENAME TO device;

-- Codes given out; after a restore some are left out, since devices that joined since bring theirs back.
ALTER TABLE site ADD COLUMN n_codes INTEGER NOT NULL DEFAULT 0;

UPDATE site SET n_codes = (SELECT count(*) FROM device WHERE device.site = site.site);

-- The keys that this database belongs to.
ALTER TABLE server ADD COLUMN root BLOB;

-- What devices took back, known or not, each with its signed statement.
CREATE TABLE withdrawal (
    site      TEXT NOT NULL,
    device    BLOB NOT NULL,
    chain     INTEGER NOT NULL,
    sequence  INTEGER NOT NULL,
    hash      BLOB NOT NULL,
    statement BLOB NOT NULL,
    PRIMARY KEY (site, device, chain, sequence, hash)
) STRICT, WITHOUT ROWID;
