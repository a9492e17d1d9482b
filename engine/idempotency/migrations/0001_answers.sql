-- Answers to requests with an Idempotency-Key, each written in the transaction of what its
-- request did: there is neither without the other.
CREATE TABLE cloudlet_idempotent_answers (
  id          BLOB PRIMARY KEY,  -- SHA-256 of the verb, who asked and the key
  fingerprint BLOB NOT NULL,     -- SHA-256 of what was asked
  answer      TEXT NOT NULL,     -- sealed
  until       INTEGER NOT NULL   -- milliseconds since 1970
) WITHOUT ROWID;

CREATE INDEX cloudlet_idempotent_answers_by_end ON cloudlet_idempotent_answers (until);
