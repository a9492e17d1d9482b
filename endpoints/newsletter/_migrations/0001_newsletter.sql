-- Times are seconds since 1970, to be compared with unixepoch().
CREATE TABLE newsletter_subscribers (
  id INTEGER PRIMARY KEY,
  email TEXT NOT NULL UNIQUE COLLATE NOCASE,
  status TEXT NOT NULL DEFAULT 'pending' CHECK (status IN ('pending', 'subscribed', 'unsubscribed', 'bounced')),
  token_hash TEXT UNIQUE,
  token_until INTEGER
);

CREATE TABLE newsletter_issues (
  id INTEGER PRIMARY KEY,
  subject TEXT NOT NULL,
  text TEXT NOT NULL,
  status TEXT NOT NULL DEFAULT 'draft' CHECK (status IN ('draft', 'scheduled', 'sending', 'sent')),
  send_at INTEGER
);

-- Who has got what: the row is written in the transaction that queues the mail, so that
-- nobody gets an issue twice, whatever is tried again.
CREATE TABLE newsletter_deliveries (
  issue_id INTEGER NOT NULL REFERENCES newsletter_issues (id) ON DELETE CASCADE,
  subscriber_id INTEGER NOT NULL REFERENCES newsletter_subscribers (id) ON DELETE CASCADE,
  PRIMARY KEY (issue_id, subscriber_id)
);

-- The secret that the mail provider signs its webhooks with, sealed.
CREATE TABLE newsletter_secrets (
  name TEXT PRIMARY KEY,
  sealed TEXT NOT NULL
);
