-- The photos of each case: who sees the case sees them. It follows from the log, so all of that is made anew.
CREATE TABLE photo (
    site    TEXT NOT NULL,
    hash    BLOB NOT NULL,
    case_id BLOB NOT NULL,
    PRIMARY KEY (site, hash, case_id)
) STRICT, WITHOUT ROWID;

DELETE FROM feed_case;
DELETE FROM concern;
DELETE FROM open_case;
UPDATE site SET followed = 0;
