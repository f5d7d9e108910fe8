-- The keys with which people signed on a device, all of them: what was signed with one before verifies by it.
CREATE TABLE signer (
    site     TEXT NOT NULL,
    device   BLOB NOT NULL,
    person   TEXT NOT NULL,
    key      BLOB NOT NULL,
    since_ms INTEGER NOT NULL,
    PRIMARY KEY (site, device, person, key)
) STRICT, WITHOUT ROWID;
