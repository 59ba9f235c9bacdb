-- depends: 0011_delivery_modes
-- What people add to what suppliers send: corrected rows, and reference lists.

-- What stands where in the file, as the load saw it: sheet → {"header_row": 4, "columns": {"A": "инн", …}}. With it a
-- rejected row can be laid out as its supplier sent it. NULL for loads older than this column.
ALTER TABLE ops.file_load ADD COLUMN source_columns jsonb;
-- How many of the rows read had a corrected cell, whatever became of them.
ALTER TABLE ops.file_load ADD COLUMN rows_corrected integer NOT NULL DEFAULT 0;


-- A row that a person has corrected. It belongs to the file's bytes, not to a load: whenever these are read, the cells
-- take the place of what the file says.
CREATE TABLE ops.row_correction (
    id bigserial PRIMARY KEY,
    file_id bigint NOT NULL REFERENCES ops.file_registry,
    content_hash text NOT NULL,
    source_sheet text NOT NULL,
    source_row integer NOT NULL,
    -- The whole row as sent, column letter → text; a row that reads otherwise by now is not corrected.
    raw_row jsonb NOT NULL,
    -- [{"column": "G", "header": "количество", "before": "дцать", "after": "12", "kind": "text"}, …]
    cells jsonb NOT NULL,
    who text NOT NULL,
    why text NOT NULL,
    -- The workbook that brought it.
    workbook text NOT NULL,
    workbook_hash text NOT NULL,
    made_at timestamptz NOT NULL DEFAULT now(),
    -- The last load that it went into.
    load_id bigint REFERENCES ops.file_load ON DELETE SET NULL,
    -- Another correction of the same row, or a person, has taken its place.
    superseded_at timestamptz,

    CONSTRAINT row_correction_cells_check CHECK (jsonb_typeof(cells) = 'array' AND cells <> '[]')
);

-- A row has one correction at a time.
CREATE UNIQUE INDEX row_correction_current_idx
    ON ops.row_correction (file_id, content_hash, source_sheet, source_row) WHERE superseded_at IS NULL;
CREATE INDEX row_correction_content_idx ON ops.row_correction (content_hash) WHERE superseded_at IS NULL;
CREATE INDEX row_correction_load_idx ON ops.row_correction (load_id);

CREATE TRIGGER row_correction_kept
    BEFORE DELETE OR TRUNCATE ON ops.row_correction
    FOR EACH STATEMENT EXECUTE FUNCTION ops.refuse_change();


-- The reference lists. A version is a pair of lists; an import brings one of them or both, and the other stays.
CREATE TABLE ops.reference_version (
    id serial PRIMARY KEY,
    -- The version whose rows below are this version's list; NULL where there is no such list yet.
    suppliers_of integer,
    client_types_of integer,
    source_name text NOT NULL,
    source_hash text NOT NULL,
    who text NOT NULL,
    why text NOT NULL DEFAULT '',
    imported_at timestamptz NOT NULL DEFAULT now()
);

CREATE TABLE ops.reference_supplier (
    version integer NOT NULL REFERENCES ops.reference_version,
    position integer NOT NULL,
    data_provider text NOT NULL,
    client_name text NOT NULL,
    -- NULL: whatever the branch is.
    branch text,
    supplier_id text NOT NULL,
    supplier_name text,
    PRIMARY KEY (version, position),
    CONSTRAINT reference_supplier_data_provider_check CHECK (data_provider IN ('Сеть', 'Дистрибьютор'))
);

CREATE TABLE ops.reference_client_type (
    version integer NOT NULL REFERENCES ops.reference_version,
    position integer NOT NULL,
    -- One of the two: an INN, or a pattern of names with * and ?.
    client_inn text,
    name_pattern text,
    client_type text NOT NULL,
    PRIMARY KEY (version, position),
    CONSTRAINT reference_client_type_key_check CHECK (num_nonnulls(client_inn, name_pattern) = 1)
);

CREATE TRIGGER reference_supplier_kept
    BEFORE UPDATE OR DELETE OR TRUNCATE ON ops.reference_supplier
    FOR EACH STATEMENT EXECUTE FUNCTION ops.refuse_change();
CREATE TRIGGER reference_client_type_kept
    BEFORE UPDATE OR DELETE OR TRUNCATE ON ops.reference_client_type
    FOR EACH STATEMENT EXECUTE FUNCTION ops.refuse_change();

-- The lists that a load's open columns were filled from; NULL: there were none.
ALTER TABLE ops.file_load ADD COLUMN reference_version integer REFERENCES ops.reference_version;

-- Corrections and lists change what is made of the same bytes by the same transform; the name of the result tells then.
ALTER TABLE ops.file_registry ADD COLUMN loaded_result text;
UPDATE ops.file_registry f SET loaded_result = l.result_name FROM ops.file_load l WHERE l.id = f.load_id;
CREATE OR REPLACE FUNCTION ops.tell_registry_of_load() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP <> 'INSERT' AND OLD.superseded_at IS NULL THEN
        UPDATE ops.file_registry
        SET load_id = NULL, loaded_content = NULL, loaded_transform = NULL, loaded_result = NULL
        WHERE id = OLD.file_id AND load_id = OLD.id;
    END IF;
    IF TG_OP <> 'DELETE' AND NEW.superseded_at IS NULL THEN
        UPDATE ops.file_registry
        SET load_id = NEW.id, loaded_content = NEW.content_hash, loaded_result = NEW.result_name,
            loaded_transform = nullif(NEW.transform_fingerprint, 'adopted')
        WHERE id = NEW.file_id;
    END IF;
    RETURN NULL;
END
$$;
DROP INDEX ops.file_registry_unloaded_idx;
CREATE INDEX file_registry_unloaded_idx ON ops.file_registry (id)
    WHERE status = 'CREATED' AND error_reason IS DISTINCT FROM 'SUPERSEDED' AND (load_id IS NULL
        OR loaded_content IS DISTINCT FROM content_hash OR loaded_result IS DISTINCT FROM result_name);
