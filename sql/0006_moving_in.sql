-- depends: 0005_due
-- Moving in: what another program has loaded, files of long ago that wait until somebody asks for them. And what is known
-- of a file beyond its present state: what it held before it was replaced, and that the process died that worked on it.

-- Rows that were taken over: of which bytes they are made is not known until somebody has to know.
ALTER TABLE ops.file_load ALTER COLUMN content_hash DROP NOT NULL;
ALTER TABLE ops.file_load ADD CONSTRAINT file_load_content_hash_check
    CHECK (content_hash IS NOT NULL OR transform_fingerprint = 'adopted');
CREATE INDEX file_load_unknown_content_idx ON ops.file_load (id) WHERE superseded_at IS NULL AND content_hash IS NULL;


-- Files that wait until somebody asks for them may be many, and are no business of a tick.
CREATE INDEX file_registry_at_work_idx ON ops.file_registry (id)
    WHERE status IN ('NEW', 'PROCESSING', 'ERROR') AND error_reason IS DISTINCT FROM 'BACKLOG';
CREATE INDEX file_registry_backlog_idx ON ops.file_registry (report_year, report_month) WHERE error_reason = 'BACKLOG';

-- How often in a row the process has died that was working on the file.
ALTER TABLE ops.file_registry ADD COLUMN deaths smallint NOT NULL DEFAULT 0;
CREATE INDEX file_registry_claim_idx ON ops.file_registry (claimed_until) WHERE claimed_until IS NOT NULL;

-- Every content that a file has had: which it was, and what became of it.
CREATE VIEW ops.file_version AS
WITH version AS (
    SELECT e.file_id, (e.detail ->> 'version')::integer AS version, (e.detail ->> 'uploaded_at')::timestamptz AS uploaded_at,
           (e.detail ->> 'size')::bigint AS file_size, e.detail ->> 'content_hash' AS content_hash,
           e.status_from AS status, e.detail ->> 'reason' AS error_reason, e.at AS replaced_at
    FROM ops.file_event e WHERE e.event = 'CHANGED' AND e.detail ? 'version'
    UNION ALL
    SELECT f.id, f.version, f.uploaded_at, f.file_size, f.content_hash, f.status, f.error_reason, NULL
    FROM ops.file_registry f
)
SELECT v.file_id, f.file_path, v.version, v.uploaded_at, v.file_size, v.content_hash, v.status, v.error_reason,
       v.replaced_at, l.rows_loaded, l.result_name, l.loaded_at, l.superseded_at
FROM version v
JOIN ops.file_registry f ON f.id = v.file_id
LEFT JOIN LATERAL (
    SELECT * FROM ops.file_load load WHERE load.file_id = v.file_id AND load.version = v.version ORDER BY load.id DESC LIMIT 1
) l ON true;
