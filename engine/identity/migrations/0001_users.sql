CREATE TABLE cloudlet_users (
  id            INTEGER PRIMARY KEY AUTOINCREMENT,
  username      TEXT NOT NULL UNIQUE COLLATE NOCASE,
  name          TEXT,
  email         TEXT,
  password      TEXT NOT NULL,     -- argon2id or bcrypt, never the password itself
  locked_at     DATETIME,          -- not null: the user is locked
  tickets_after INTEGER NOT NULL,  -- ms since 1970: a ticket made then or before is ended
  created_at    DATETIME NOT NULL
);

CREATE TABLE cloudlet_roles (
  id          INTEGER PRIMARY KEY,
  name        TEXT NOT NULL UNIQUE,
  description TEXT NOT NULL DEFAULT ''
);

INSERT INTO cloudlet_roles (name, description) VALUES
  ('root', 'Passes every role check.'),
  ('admin', 'Administers the app.'),
  ('guest', 'May enter.');

CREATE TABLE cloudlet_user_roles (
  user_id INTEGER NOT NULL REFERENCES cloudlet_users (id) ON DELETE CASCADE,
  role_id INTEGER NOT NULL REFERENCES cloudlet_roles (id) ON DELETE CASCADE,
  PRIMARY KEY (user_id, role_id)
) WITHOUT ROWID;

CREATE INDEX cloudlet_user_roles_by_role ON cloudlet_user_roles (role_id);

CREATE VIEW cloudlet_profiles AS
  SELECT username, name, email, created_at FROM cloudlet_users;

-- One row. changes grows with whatever may end a ticket or change a caller's
-- roles, so that every process sees it at a glance. tickets_after is the latest of all
-- deleted users: one made anew with an old name starts after it.
CREATE TABLE cloudlet_identity (
  id            INTEGER PRIMARY KEY CHECK (id = 1),
  changes       INTEGER NOT NULL,
  tickets_after INTEGER NOT NULL
);

INSERT INTO cloudlet_identity (id, changes, tickets_after) VALUES (1, 0, 0);

CREATE TRIGGER cloudlet_users_changed AFTER UPDATE OF username, locked_at, tickets_after ON cloudlet_users BEGIN
  UPDATE cloudlet_identity SET changes = changes + 1;
END;

CREATE TRIGGER cloudlet_users_deleted AFTER DELETE ON cloudlet_users BEGIN
  UPDATE cloudlet_identity SET changes = changes + 1, tickets_after = max(tickets_after, old.tickets_after);
END;

CREATE TRIGGER cloudlet_roles_changed AFTER UPDATE OF name ON cloudlet_roles BEGIN
  UPDATE cloudlet_identity SET changes = changes + 1;
END;

CREATE TRIGGER cloudlet_user_roles_granted AFTER INSERT ON cloudlet_user_roles BEGIN
  UPDATE cloudlet_identity SET changes = changes + 1;
END;

CREATE TRIGGER cloudlet_user_roles_revoked AFTER DELETE ON cloudlet_user_roles BEGIN
  UPDATE cloudlet_identity SET changes = changes + 1;
END;
