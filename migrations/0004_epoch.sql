-- 1: begun by a process that does not flush its commits, so that a loss of power may take some and their
-- revisions are given out again. The next start begins another epoch.
ALTER TABLE control_plane ADD COLUMN is_provisional BIGINT NOT NULL DEFAULT 0;
