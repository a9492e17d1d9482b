-- What happened, for good. Each row carries an HMAC over itself and the one before, so
-- that a changed or missing row is found: cloudlet audit verify.
CREATE TABLE cloudlet_audit (
  number  INTEGER PRIMARY KEY,  -- 1, 2, 3, … without a gap
  at      TEXT NOT NULL,        -- RFC 3339, UTC, with milliseconds
  event   TEXT NOT NULL,        -- what happened: user.created
  actor   TEXT NOT NULL,        -- the user who did it; '': nobody known, system:…: the engine itself
  subject TEXT NOT NULL,        -- whom or what it was done to; ''
  address TEXT NOT NULL,        -- the client's, without port; ''
  trace   TEXT NOT NULL,        -- the trace id of the request; ''
  fields  TEXT NOT NULL,        -- what else there is to say, a JSON object
  kid     TEXT NOT NULL,        -- of the secret that the HMAC's key is derived from
  mac     TEXT NOT NULL         -- HMAC-SHA256, hexadecimal
);

CREATE INDEX cloudlet_audit_by_actor ON cloudlet_audit (actor);
CREATE INDEX cloudlet_audit_by_subject ON cloudlet_audit (subject);

CREATE TRIGGER cloudlet_audit_stays BEFORE DELETE ON cloudlet_audit BEGIN
  SELECT RAISE(ABORT, 'the audit log is append-only');
END;

CREATE TRIGGER cloudlet_audit_unchanged BEFORE UPDATE ON cloudlet_audit BEGIN
  SELECT RAISE(ABORT, 'the audit log is append-only');
END;
