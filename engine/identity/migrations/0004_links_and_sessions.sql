ALTER TABLE cloudlet_users ADD COLUMN kept_session TEXT; -- the session whose tickets go on though they are older than tickets_after

-- Tokens that have ended stay for as long as they are counted.
ALTER TABLE cloudlet_link_tokens ADD COLUMN made INTEGER NOT NULL DEFAULT 0;  -- ms since 1970
ALTER TABLE cloudlet_link_tokens ADD COLUMN ended INTEGER NOT NULL DEFAULT 0; -- 1: used, or another took its place
