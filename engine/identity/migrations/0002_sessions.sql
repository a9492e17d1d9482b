-- A session is a login with all tickets that came of it: each names it as its `sid`.
-- Refresh tokens are kept as their SHA-256. One that was used stays until it expires,
-- so that a copy of it is noticed.
CREATE TABLE cloudlet_refresh_tokens (
  hash    TEXT PRIMARY KEY,
  session TEXT NOT NULL,
  user_id INTEGER NOT NULL REFERENCES cloudlet_users (id) ON DELETE CASCADE,
  made    INTEGER NOT NULL,           -- ms since 1970
  expires INTEGER NOT NULL,           -- ms since 1970
  used    INTEGER NOT NULL DEFAULT 0  -- 1: it was exchanged for another
) WITHOUT ROWID;

CREATE INDEX cloudlet_refresh_tokens_by_session ON cloudlet_refresh_tokens (session);
CREATE INDEX cloudlet_refresh_tokens_by_user ON cloudlet_refresh_tokens (user_id);
CREATE INDEX cloudlet_refresh_tokens_by_end ON cloudlet_refresh_tokens (expires);

-- Sessions that were ended while a ticket of theirs may still be about.
CREATE TABLE cloudlet_ended_sessions (
  session TEXT PRIMARY KEY,
  until   INTEGER NOT NULL            -- ms since 1970: no ticket of it lives longer
) WITHOUT ROWID;

CREATE INDEX cloudlet_ended_sessions_by_end ON cloudlet_ended_sessions (until);

CREATE TRIGGER cloudlet_sessions_ended AFTER INSERT ON cloudlet_ended_sessions BEGIN
  UPDATE cloudlet_identity SET changes = changes + 1;
END;
