-- depends: 0004_audit_and_retention
-- A hook may make several rows of one row of a report. Each says of which, and which of them it is: 1 is the row itself.

ALTER TABLE raw.primary_data ADD COLUMN source_part smallint NOT NULL DEFAULT 1;
ALTER TABLE raw.primary_data DROP CONSTRAINT primary_data_source_key;
ALTER TABLE raw.primary_data ADD CONSTRAINT primary_data_source_key
    UNIQUE (partition_month, file_id, source_sheet, source_row, source_part);

ALTER TABLE ops.rejected_row ADD COLUMN source_part smallint NOT NULL DEFAULT 1;
ALTER TABLE ops.rejected_row DROP CONSTRAINT rejected_row_pkey;
ALTER TABLE ops.rejected_row ADD PRIMARY KEY (load_id, source_sheet, source_row, source_part);
