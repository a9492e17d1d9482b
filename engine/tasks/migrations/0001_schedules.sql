-- When each schedule is due next: whoever enqueues its job moves it on in the same
-- transaction, so that no moment's job is there twice, whatever restarts and however many
-- processes there are.
CREATE TABLE cloudlet_schedules (
  name TEXT PRIMARY KEY,     -- of the job, with its folder
  spec TEXT NOT NULL,        -- what it was computed from
  due  INTEGER NOT NULL      -- seconds since 1970
) WITHOUT ROWID;
