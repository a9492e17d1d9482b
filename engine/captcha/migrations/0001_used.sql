-- Solutions of challenges that were taken, until they would have expired: none is good
-- twice, for no process of the app and not after a restart either.
CREATE TABLE cloudlet_used_captchas (
  challenge TEXT PRIMARY KEY,
  until     INTEGER NOT NULL   -- seconds since 1970
) WITHOUT ROWID;

CREATE INDEX cloudlet_used_captchas_by_end ON cloudlet_used_captchas (until);
