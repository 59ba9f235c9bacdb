-- depends: 0010_layouts
-- How the files of one client-month and report type relate: they add up, or one replaces others, whole or in part.

-- What a file covers, as it was read last. Of one that counts, of one that others have superseded, and of one that is held
-- back: with this it is decided which of them count, without looking at their rows. No foreign key: a row of a file that
-- the registry no longer has means nothing.
CREATE TABLE ops.delivery (
    file_id bigint PRIMARY KEY,
    version integer NOT NULL,
    uploaded_at timestamptz NOT NULL,
    -- What its layout said of it then.
    mode text NOT NULL,
    overlap_allowed boolean NOT NULL,
    shrinkage double precision NOT NULL,
    -- The first and the last day; whether there are rows without one. A file without rows has neither.
    day_from date,
    day_to date,
    undated boolean NOT NULL,
    -- One object for each branch and day: {branch, day, rows, sums, superseded_by}. A blank branch is "", a missing day
    -- null; sums: column → decimal as text; superseded_by: the file whose rows stand for these, which are not in the table.
    branch_days jsonb NOT NULL,
    -- The file that has superseded this one as a whole, when that was decided.
    superseded_by bigint,
    -- The files because of which this one is held back.
    held_by bigint[],

    CONSTRAINT delivery_mode_check CHECK (mode IN ('increment', 'month_to_date', 'full_month', 'restatement'))
);

COMMENT ON COLUMN ops.file_load.superseded_at IS 'equal to loaded_at: read, and never counted';

-- Rows of a load that counts which a restatement has replaced: stored = rows_loaded - rows_superseded.
ALTER TABLE ops.file_load ADD COLUMN rows_superseded integer NOT NULL DEFAULT 0;
ALTER TABLE ops.file_load ADD COLUMN sums_superseded jsonb;
ALTER TABLE ops.file_load ADD CONSTRAINT file_load_rows_superseded_check
    CHECK (rows_superseded BETWEEN 0 AND rows_loaded);

-- For people: which file says what of which branch and day, and whose rows count.
CREATE VIEW ops.branch_day AS
SELECT f.data_provider, f.client_name, f.report_type, make_date(f.report_year, f.report_month, 1) AS month,
       d.file_id, f.file_path, d.mode, b.branch, b.day, b.rows, b.sums,
       CASE
           WHEN l.id IS NULL AND f.status = 'CREATED' THEN d.superseded_by
           ELSE b.superseded_by
       END AS superseded_by,
       l.id IS NOT NULL AND b.superseded_by IS NULL AS counts
FROM ops.delivery d
JOIN ops.file_registry f ON f.id = d.file_id
LEFT JOIN ops.file_load l ON l.file_id = f.id AND l.superseded_at IS NULL
CROSS JOIN LATERAL jsonb_to_recordset(d.branch_days)
    AS b (branch text, day date, rows integer, sums jsonb, superseded_by bigint)
WHERE l.id IS NOT NULL
   OR f.status = 'CREATED' AND f.error_reason = 'SUPERSEDED'
   OR f.status = 'ERROR' AND f.error_reason IN ('PERIOD_OVERLAP', 'PERIOD_SHRUNK');

-- What by which transform was made of a file that is done with, loaded or not: due again when that is another.
ALTER TABLE ops.file_registry ADD COLUMN read_by text GENERATED ALWAYS AS (
    CASE WHEN status = 'CREATED' AND error_reason = 'SUPERSEDED' THEN transform_fingerprint ELSE loaded_transform END
) STORED;
DROP INDEX ops.file_registry_loaded_transform_idx;
CREATE INDEX file_registry_read_by_idx
    ON ops.file_registry (data_provider, client_name, report_type, read_by, report_year, report_month)
    WHERE status = 'CREATED';
DROP INDEX ops.file_registry_unloaded_idx;
CREATE INDEX file_registry_unloaded_idx ON ops.file_registry (id)
    WHERE status = 'CREATED' AND (load_id IS NULL OR loaded_content IS DISTINCT FROM content_hash)
      AND error_reason IS DISTINCT FROM 'SUPERSEDED';
