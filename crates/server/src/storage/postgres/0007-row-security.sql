-- No transaction sees or writes rows of another site than the one it was begun for (`shouwen.site`; "*": all of them), whatever
-- its SQL forgets. FORCE: for the owner of the tables too, as whom the server comes. It does not hold for superusers.

ALTER TABLE site ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;

CREATE POLICY own_site ON site USING (current_setting('shouwen.site', true) IN (site, '*'));

ALTER TABLE pin ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;

CREATE POLICY own_site ON pin USING (current_setting('shouwen.site', true) IN (site, '*'));

ALTER TABLE chain ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;

CREATE POLICY own_site ON chain USING (current_setting('shouwen.site', true) IN (site, '*'));

ALTER TABLE envelope ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;

CREATE POLICY own_site ON envelope USING (current_setting('shouwen.site', true) IN (site, '*'));

ALTER TABLE device ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;

CREATE POLICY own_site ON device USING (current_setting('shouwen.site', true) IN (site, '*'));

ALTER TABLE withdrawal ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;

CREATE POLICY own_site ON withdrawal USING (current_setting('shouwen.site', true) IN (site, '*'));

ALTER TABLE file ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;

CREATE POLICY own_site ON file USING (current_setting('shouwen.site', true) IN (site, '*'));

ALTER TABLE file_chunk ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;

CREATE POLICY own_site ON file_chunk USING (current_setting('shouwen.site', true) IN (site, '*'));

ALTER TABLE file_day ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;

CREATE POLICY own_site ON file_day USING (current_setting('shouwen.site', true) IN (site, '*'));

ALTER TABLE feed_case ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;

CREATE POLICY own_site ON feed_case USING (current_setting('shouwen.site', true) IN (site, '*'));

ALTER TABLE concern ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;

CREATE POLICY own_site ON concern USING (current_setting('shouwen.site', true) IN (site, '*'));

ALTER TABLE open_case ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;

CREATE POLICY own_site ON open_case USING (current_setting('shouwen.site', true) IN (site, '*'));

ALTER TABLE invitation ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;

CREATE POLICY own_site ON invitation USING (current_setting('shouwen.site', true) IN (site, '*'));

ALTER TABLE erasure ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;

CREATE POLICY own_site ON erasure USING (current_setting('shouwen.site', true) IN (site, '*'));

ALTER TABLE signer ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;

CREATE POLICY own_site ON signer USING (current_setting('shouwen.site', true) IN (site, '*'));
