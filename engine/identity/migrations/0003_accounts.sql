ALTER TABLE cloudlet_users ADD COLUMN confirmed_at DATETIME;            -- null: the user has not proven the e-mail address yet
ALTER TABLE cloudlet_users ADD COLUMN extras TEXT NOT NULL DEFAULT '{}'; -- the app's own fields, a JSON object

UPDATE cloudlet_users SET confirmed_at = created_at;

CREATE UNIQUE INDEX cloudlet_users_by_email ON cloudlet_users (email COLLATE NOCASE) WHERE email IS NOT NULL;
CREATE INDEX cloudlet_users_unconfirmed ON cloudlet_users (created_at) WHERE confirmed_at IS NULL;

CREATE TRIGGER cloudlet_users_confirmed AFTER UPDATE OF confirmed_at, extras ON cloudlet_users BEGIN
  UPDATE cloudlet_identity SET changes = changes + 1;
END;

-- Tokens in links of mails, each for one use, kept as SHA-256.
CREATE TABLE cloudlet_link_tokens (
  hash    TEXT PRIMARY KEY,
  user_id INTEGER NOT NULL REFERENCES cloudlet_users (id) ON DELETE CASCADE,
  purpose TEXT NOT NULL,     -- confirm or reset
  email   TEXT,              -- the address that is proven with it
  expires INTEGER NOT NULL   -- ms since 1970
) WITHOUT ROWID;

CREATE INDEX cloudlet_link_tokens_by_user ON cloudlet_link_tokens (user_id);
CREATE INDEX cloudlet_link_tokens_by_end ON cloudlet_link_tokens (expires);

-- Keys of programs, sent as Bearer; kept as SHA-256.
CREATE TABLE cloudlet_api_keys (
  id         TEXT PRIMARY KEY,
  hash       TEXT NOT NULL UNIQUE,
  user_id    INTEGER NOT NULL REFERENCES cloudlet_users (id) ON DELETE CASCADE,
  name       TEXT NOT NULL,
  roles      TEXT NOT NULL,     -- a JSON list; never more than its owner has
  created_at DATETIME NOT NULL,
  expires_at DATETIME           -- null: it does not expire
);

CREATE UNIQUE INDEX cloudlet_api_keys_by_name ON cloudlet_api_keys (user_id, name);

CREATE TRIGGER cloudlet_api_keys_ended AFTER DELETE ON cloudlet_api_keys BEGIN
  UPDATE cloudlet_identity SET changes = changes + 1;
END;

-- The second factor of a user (RFC 6238). Secrets are sealed with a key that is derived
-- from the app's secret.
CREATE TABLE cloudlet_totp (
  user_id   INTEGER PRIMARY KEY REFERENCES cloudlet_users (id) ON DELETE CASCADE,
  secret    TEXT,                       -- not null: a login needs a code
  pending   TEXT,                       -- enrolled, and takes the place of secret when a code has proven it
  last_step INTEGER NOT NULL DEFAULT 0  -- of the last code that was taken: none is taken twice
);

CREATE TABLE cloudlet_recovery_codes (
  user_id INTEGER NOT NULL REFERENCES cloudlet_users (id) ON DELETE CASCADE,
  hash    TEXT NOT NULL,
  PRIMARY KEY (user_id, hash)
) WITHOUT ROWID;

-- Users of other identity providers.
CREATE TABLE cloudlet_external_accounts (
  provider   TEXT NOT NULL,
  subject    TEXT NOT NULL,
  user_id    INTEGER NOT NULL REFERENCES cloudlet_users (id) ON DELETE CASCADE,
  created_at DATETIME NOT NULL,
  PRIMARY KEY (provider, subject)
) WITHOUT ROWID;

CREATE INDEX cloudlet_external_accounts_by_user ON cloudlet_external_accounts (user_id);

-- Failed tries, by a keyed hash of whom and from where.
CREATE TABLE cloudlet_failures (
  key     TEXT PRIMARY KEY,
  recent  TEXT NOT NULL,     -- when the latest were: a JSON list of ms since 1970
  waits   INTEGER NOT NULL,  -- how many waits began: each is twice as long as the one before
  until   INTEGER NOT NULL,  -- ms since 1970: no try before
  expires INTEGER NOT NULL   -- ms since 1970: then all is forgotten
) WITHOUT ROWID;

CREATE INDEX cloudlet_failures_by_end ON cloudlet_failures (expires);

-- How long the tickets of a session can last, so that it is known for as long that it was ended.
ALTER TABLE cloudlet_refresh_tokens ADD COLUMN tickets_until INTEGER NOT NULL DEFAULT 0; -- ms since 1970
