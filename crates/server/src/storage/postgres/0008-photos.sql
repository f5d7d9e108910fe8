-- The photos of each case: who sees the case sees them. It follows from the log, so all of that is made anew.
CREATE TABLE photo (
    site    TEXT NOT NULL,
    hash    BYTEA NOT NULL,
    case_id BYTEA NOT NULL,
    PRIMARY KEY (site, hash, case_id)
);

ALTER TABLE photo ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;

CREATE POLICY own_site ON photo USING (current_setting('shouwen.site', true) IN (site, '*'));

DELETE FROM feed_case;

DELETE FROM concern;

DELETE FROM open_case;

UPDATE site SET followed = 0;
