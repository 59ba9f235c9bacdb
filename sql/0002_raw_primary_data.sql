-- depends: 0001_ops_file_registry
-- The rows of all reports. Column names and types down to client_type are a contract with the users' own SQL,
-- spelling included (supplier_adress, client_brend).

CREATE TABLE raw.primary_data (
    id bigserial NOT NULL,
    supplier_id varchar,
    period timestamptz,
    supplier_name varchar,
    supplier_adress varchar,
    supplier_inn varchar,
    supplier_filial varchar,
    naklad varchar,
    client_inlaw varchar,
    client_adress varchar,
    client_inn varchar,
    client_region varchar,
    client_city varchar,
    client_id_ish varchar,
    client_brend varchar,
    client_name varchar,
    tms varchar,
    tms_id_ish varchar,
    date_godnost timestamptz,
    mnf varchar,
    sum_nds numeric(18, 2),
    sum_no_nds numeric(18, 2),
    filename_result varchar,
    filename_ish varchar,
    amount_type_1 numeric(18, 3),
    amount_type_2 numeric(18, 3),
    amount_type_3 numeric(18, 3),
    amount_type_4 numeric(18, 3),
    amount_type_5 numeric(18, 3),
    market varchar,
    report_provider varchar,
    report_provider_name varchar,
    client_type varchar,

    -- Where the row comes from, to the cell. No foreign key on file_id: it would be checked for each of millions of
    -- rows, and the ledger written in the same transaction has one.
    file_id bigint NOT NULL,
    source_sheet text NOT NULL,
    source_row integer NOT NULL,
    -- First day of the month of the file's folder. Not the month of `period`, which a late correction may differ in.
    partition_month date NOT NULL,
    -- Source columns that the schema lacks, header → text: nothing that was sent is lost.
    extra jsonb,

    -- A unique key of a partitioned table must contain the partition's column.
    PRIMARY KEY (partition_month, id),
    -- No row of a file is loaded twice. Not on filename_ish, which would allow one row a file; equal rows are legitimate.
    CONSTRAINT primary_data_source_key UNIQUE (partition_month, file_id, source_sheet, source_row)
)
-- Replacing a client-month or dropping a month costs the same however large the table has grown. There is no default
-- partition on purpose: rows in it would block the attaching of their own month's partition.
PARTITION BY RANGE (partition_month);

CREATE INDEX primary_data_period_idx ON raw.primary_data (period);
CREATE INDEX primary_data_supplier_id_idx ON raw.primary_data (supplier_id);
CREATE INDEX primary_data_client_inn_idx ON raw.primary_data (client_inn);
