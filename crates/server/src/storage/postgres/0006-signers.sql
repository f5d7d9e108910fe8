-- The keys with which people signed on a device, all of them: what was signed with one before verifies by it.
CREATE TABLE signer (
    site     TEXT NOT NULL,
    device   BYTEA NOT NULL,
    person   TEXT NOT NULL,
    key      BYTEA NOT NULL,
    since_ms BIGINT NOT NULL,
    PRIMARY KEY (site, device, person, key)
);
