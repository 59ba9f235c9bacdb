-- depends: 0006_moving_in
-- A hook may make several rows of one row of a report. Each says of which, and which of them it is: 1 is the row itself.

ALTER TABLE raw.primary_data ADD COLUMN source_part smallint NOT NULL DEFAULT 1;
ALTER TABLE raw.primary_data DROP CONSTRAINT primary_data_source_key;
ALTER TABLE raw.primary_data ADD CONSTRAINT primary_data_source_key
    UNIQUE (partition_month, file_id, source_sheet, source_row, source_part);

ALTER TABLE ops.rejected_row ADD COLUMN source_part smallint NOT NULL DEFAULT 1;
ALTER TABLE ops.rejected_row DROP CONSTRAINT rejected_row_pkey;
ALTER TABLE ops.rejected_row ADD PRIMARY KEY (load_id, source_sheet, source_row, source_part);

-- A transform holds for some months only: files that were loaded by the one of another month must be found, too.
DROP INDEX ops.file_registry_loaded_transform_idx;
CREATE INDEX file_registry_loaded_transform_idx
    ON ops.file_registry (data_provider, client_name, report_type, loaded_transform, report_year, report_month)
    WHERE status = 'CREATED';
