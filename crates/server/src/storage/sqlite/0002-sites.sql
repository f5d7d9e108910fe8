-- Every table that grows carries its site first in its key, and arrivals count within a site: the same
-- form on every engine. The tokens of before are not taken along: who has one signs in once more.

DROP TABLE token;

CREATE TABLE token (
    site    TEXT NOT NULL,
    hash    BLOB NOT NULL,
    person  TEXT NOT NULL,
    device  BLOB NOT NULL,
    ends_ms INTEGER NOT NULL,
    PRIMARY KEY (site, hash)
) STRICT, WITHOUT ROWID;

CREATE INDEX token_by_hash ON token (hash);

ALTER TABLE site ADD COLUMN last_arrival INTEGER NOT NULL DEFAULT 0;

-- The epoch of the database, as the site's devices know it.
ALTER TABLE site ADD COLUMN epoch INTEGER NOT NULL DEFAULT 0;

UPDATE site SET epoch = (SELECT epoch FROM server);

-- Up to which sequence a verified backup holds the chain.
ALTER TABLE chain ADD COLUMN backed_up INTEGER;

-- The log. What is passed on has a position; of what was refused only the place is kept.
CREATE TABLE envelope_by_site (
    site       TEXT NOT NULL,
    arrival    INTEGER NOT NULL,
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
    PRIMARY KEY (site, arrival),
    UNIQUE (site, device, chain, sequence, hash),
    UNIQUE (site, position)
) STRICT;

INSERT INTO envelope_by_site
SELECT site, row_number() OVER (PARTITION BY site ORDER BY arrival),
       device, chain, sequence, hash, previous, format, counter, fate, arrived_ms, position, bytes
FROM envelope
ORDER BY arrival;

DROP TABLE envelope;

ALTER TABLE envelope_by_site RENAME TO envelope;

UPDATE site SET last_arrival = (SELECT count(*) FROM envelope WHERE envelope.site = site.site);
