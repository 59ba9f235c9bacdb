-- depends: 0002_raw_primary_data
-- What the scan remembers of each leaf folder, so that a folder in which nothing has changed costs one look at its time.

CREATE TABLE ops.inbox_folder (
    folder text PRIMARY KEY,
    -- The folder's modification time when it was listed; NULL: it must be listed at every scan, because something in it
    -- is still moving, does not fit, or was listed too soon after its last change to be sure.
    modified_ns bigint,
    files integer NOT NULL DEFAULT 0,
    filtered integer NOT NULL DEFAULT 0,
    listed_at timestamptz NOT NULL DEFAULT now()
);

-- Counts the scans: each lists another slice of the folders whatever their times say.
CREATE SEQUENCE ops.scan_number;

INSERT INTO ops.inbox_folder (folder)
SELECT DISTINCT regexp_replace(file_path, '/[^/]*$', '') FROM ops.file_registry WHERE status <> 'DELETE';

-- The same bytes at another path.
CREATE INDEX file_load_content_idx ON ops.file_load (content_hash) WHERE superseded_at IS NULL;

-- The version that a person has released: what would hold it back does not any more.
ALTER TABLE ops.file_registry ADD COLUMN released_version integer;
