-- How often something was done lately, by a keyed hash of what and to whom or from where.
-- Apart from cloudlet_failures: whoever fills the one table must not empty the other.
CREATE TABLE cloudlet_bounds (
  key     TEXT PRIMARY KEY,
  recent  TEXT NOT NULL,     -- when: a JSON list of ms since 1970
  expires INTEGER NOT NULL   -- ms since 1970: then all is forgotten
) WITHOUT ROWID;

CREATE INDEX cloudlet_bounds_by_end ON cloudlet_bounds (expires);
