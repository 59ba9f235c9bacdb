-- What is known of every file of the inbox, what happened to it, and what of it is loaded.
-- The columns of ops.file_registry down to error_reason are a contract with the users' own SQL: names, types and
-- meaning stay. Everything after them is ours.

CREATE SCHEMA IF NOT EXISTS ops;
CREATE SCHEMA IF NOT EXISTS raw;
-- Dagster's own tables (dagster-postgres makes them): apart, so that nobody meets them among the reports.
CREATE SCHEMA IF NOT EXISTS dagster;

CREATE TABLE ops.file_registry (
    id bigserial PRIMARY KEY,
    -- Relative, with forward slashes: the inbox may move or be mounted elsewhere, the rows stay true.
    file_path text NOT NULL,
    uploaded_at timestamptz NOT NULL,
    status text NOT NULL,
    data_provider text NOT NULL,
    report_year smallint NOT NULL,
    report_month smallint NOT NULL,
    client_name text NOT NULL,
    report_type text NOT NULL,
    created_at timestamptz DEFAULT now(),
    error_reason text,

    -- Size and time as the scan saw them. A timestamptz keeps microseconds, file systems keep nanoseconds, and a
    -- change is looked for by equality: hence the number beside uploaded_at.
    file_size bigint NOT NULL DEFAULT 0,
    modified_ns bigint,
    -- Counts the contents this path has had.
    version integer NOT NULL DEFAULT 1,
    -- SHA-256 of the bytes last read.
    content_hash text,
    -- Of the layout that last handled the file, whether it succeeded or not: a changed layout makes a file due again.
    transform_fingerprint text,
    -- Fixed once for a version and fingerprint, before anything is written: a repeat writes the same name.
    result_name text,
    result_hash text,
    -- Attempts on this version since the last success, and when the next one is due.
    attempt integer NOT NULL DEFAULT 0,
    next_attempt_at timestamptz,
    -- For display and for hosts that vanish. The truth about who works on a file is an advisory lock.
    claimed_by text,
    claimed_until timestamptz,
    -- The typed error: facts, message, advice.
    error_detail jsonb,
    updated_at timestamptz NOT NULL DEFAULT now(),

    CONSTRAINT file_registry_file_path_key UNIQUE (file_path),
    CONSTRAINT file_registry_file_path_check
        CHECK (file_path <> '' AND NOT starts_with(file_path, '/') AND strpos(file_path, '\') = 0),
    CONSTRAINT file_registry_status_check CHECK (status IN ('NEW', 'PROCESSING', 'ERROR', 'CREATED', 'DELETE')),
    CONSTRAINT file_registry_data_provider_check CHECK (data_provider IN ('Сеть', 'Дистрибьютор')),
    CONSTRAINT file_registry_report_year_check CHECK (report_year >= 2000),
    CONSTRAINT file_registry_report_month_check CHECK (report_month BETWEEN 1 AND 12),
    CONSTRAINT file_registry_file_size_check CHECK (file_size >= 0),
    CONSTRAINT file_registry_version_check CHECK (version >= 1),
    CONSTRAINT file_registry_attempt_check CHECK (attempt >= 0)
);

CREATE INDEX file_registry_status_idx ON ops.file_registry (status);
CREATE INDEX file_registry_status_uploaded_at_idx ON ops.file_registry (status, uploaded_at);
CREATE INDEX file_registry_data_provider_idx ON ops.file_registry (data_provider);
CREATE INDEX file_registry_month_idx ON ops.file_registry (report_year, report_month);
CREATE INDEX file_registry_client_name_idx ON ops.file_registry (client_name);
CREATE INDEX file_registry_new_idx ON ops.file_registry (uploaded_at) WHERE status = 'NEW';
-- The unit of work is a client-month.
CREATE INDEX file_registry_client_month_idx
    ON ops.file_registry (data_provider, client_name, report_year, report_month);


-- The history of each file. No foreign key: the history outlives a row that somebody removes by hand.
CREATE TABLE ops.file_event (
    id bigserial PRIMARY KEY,
    file_id bigint NOT NULL,
    -- Not now(): events of one transaction keep their order and their own times.
    at timestamptz NOT NULL DEFAULT clock_timestamp(),
    -- REGISTERED, CHANGED, CLAIMED, CREATED, LOADED, FAILED, WAITING (for a transform), GONE, REMOVED (its rows), …
    event text NOT NULL,
    status_from text,
    status_to text,
    reason text,
    run_id text,
    detail jsonb
);

CREATE INDEX file_event_file_idx ON ops.file_event (file_id, id);

CREATE FUNCTION ops.refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION '%.% is append-only: % is refused', TG_TABLE_SCHEMA, TG_TABLE_NAME, TG_OP
        USING ERRCODE = 'restrict_violation', HINT = 'Add another event that corrects the earlier one.';
END
$$;

-- By statement, so that an UPDATE that matches no row is refused too and nobody takes it for allowed.
CREATE TRIGGER file_event_append_only
    BEFORE UPDATE OR DELETE OR TRUNCATE ON ops.file_event
    FOR EACH STATEMENT EXECUTE FUNCTION ops.refuse_change();


-- The ledger. A file is loaded if it has a row here that is not superseded; there is no other definition.
CREATE TABLE ops.file_load (
    id bigserial PRIMARY KEY,
    file_id bigint NOT NULL REFERENCES ops.file_registry,
    version integer NOT NULL,
    -- What was loaded, by which layout: a file is due again when either differs.
    content_hash text NOT NULL,
    transform_fingerprint text NOT NULL,
    partition_month date NOT NULL,
    rows_read integer NOT NULL,
    rows_loaded integer NOT NULL,
    -- Rule → count: every row that is not loaded has a name for it.
    rows_left_out jsonb NOT NULL DEFAULT '{}',
    rows_left_out_total integer NOT NULL DEFAULT 0,
    rows_rejected integer NOT NULL,
    -- Column → decimal as text: control totals, exact.
    sums jsonb,
    period_from timestamptz,
    period_to timestamptz,
    result_name text,
    result_hash text,
    run_id text,
    loaded_at timestamptz NOT NULL DEFAULT now(),
    superseded_at timestamptz,
    -- The load that replaced this one, maybe of another file. No foreign key: it is written before that row is.
    superseded_by bigint,

    CONSTRAINT file_load_rows_check CHECK (rows_read = rows_loaded + rows_left_out_total + rows_rejected),
    CONSTRAINT file_load_counts_check
        CHECK (rows_loaded >= 0 AND rows_left_out_total >= 0 AND rows_rejected >= 0),
    CONSTRAINT file_load_partition_month_check CHECK (extract(day FROM partition_month) = 1),
    CONSTRAINT file_load_period_check CHECK (period_from <= period_to),
    CONSTRAINT file_load_superseded_check CHECK (superseded_by IS NULL OR superseded_at IS NOT NULL)
);

-- A file is loaded once.
CREATE UNIQUE INDEX file_load_current_idx ON ops.file_load (file_id) WHERE superseded_at IS NULL;
CREATE INDEX file_load_file_idx ON ops.file_load (file_id, id);


-- Rows that could not be loaded, with where they stand and all that is wrong with them.
CREATE TABLE ops.rejected_row (
    load_id bigint NOT NULL REFERENCES ops.file_load ON DELETE CASCADE,
    file_id bigint NOT NULL,
    source_sheet text NOT NULL,
    source_row integer NOT NULL,
    -- The row's first problem; `problems` has all of them.
    code text NOT NULL,
    column_header text,
    raw_value text,
    message text,
    problems jsonb,
    -- Header → text: the row can be corrected from here without the file.
    raw_row jsonb,
    PRIMARY KEY (load_id, source_sheet, source_row)
);

CREATE INDEX rejected_row_file_idx ON ops.rejected_row (file_id);


-- Paths that the scan could not place in the tree. They have no registry row, for which the fields would be missing.
CREATE TABLE ops.path_problem (
    path text PRIMARY KEY,
    code text NOT NULL,
    message text NOT NULL,
    first_seen timestamptz NOT NULL DEFAULT now(),
    last_seen timestamptz NOT NULL DEFAULT now()
);
