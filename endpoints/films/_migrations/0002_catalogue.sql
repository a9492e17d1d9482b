ALTER TABLE films ADD COLUMN director TEXT;

-- Whether data/files has a picture of the film: films/ID.
ALTER TABLE films ADD COLUMN has_picture BOOLEAN NOT NULL DEFAULT FALSE;

UPDATE films SET director = 'Fritz Lang' WHERE title = 'Metropolis' AND year = 1927;
UPDATE films SET director = 'Ridley Scott' WHERE (title, year) IN (VALUES ('Alien', 1979), ('Blade Runner', 1982));
