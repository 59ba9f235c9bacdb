-- depends: 0013_history
-- A file that waits for a transform costs one look of a run, so that Dagster shows its client-month.

-- The version of the file that a run has shown so.
ALTER TABLE ops.file_registry ADD COLUMN shown_version integer;

CREATE INDEX file_registry_waiting_idx ON ops.file_registry (data_provider, client_name, report_year, report_month)
    WHERE error_reason = 'NO_SCRIPT_FOUND';
