-- Deliveries that were taken, or are being taken: none is taken twice, by no process of the
-- app and not after a restart either. One that is not taken by its lease's end may come again.
CREATE TABLE cloudlet_webhook_receipts (
  delivery BLOB PRIMARY KEY,   -- SHA-256 of the scheme, the address that it came to and its id
  taken    BOOLEAN NOT NULL,
  until    INTEGER NOT NULL    -- seconds since 1970: of what was taken the end of its memory, else the lease's
) WITHOUT ROWID;

CREATE INDEX cloudlet_webhook_receipts_by_end ON cloudlet_webhook_receipts (until);
