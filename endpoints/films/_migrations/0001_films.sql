-- Migrations are plain SQL. Each file is applied once, in the order of their names,
-- when the app starts and while it runs. One that was applied is never edited:
-- what comes later goes into a new file.
CREATE TABLE films (
  id INTEGER PRIMARY KEY,
  title TEXT NOT NULL,
  year INTEGER NOT NULL,
  UNIQUE (title, year)
);

-- Who changed what. It outlives the films it tells of, so it refers to none.
CREATE TABLE film_changes (
  id INTEGER PRIMARY KEY,
  film_id INTEGER NOT NULL,
  change TEXT NOT NULL,
  username TEXT NOT NULL,
  changed_at DATETIME NOT NULL
);

CREATE INDEX film_changes_film ON film_changes (film_id);

INSERT INTO films (title, year) VALUES
  ('Metropolis', 1927),
  ('Alien', 1979),
  ('Blade Runner', 1982);
