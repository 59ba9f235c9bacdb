-- depends: 0004_audit_and_retention
-- What is due is asked at every tick, of a registry that grows for years: what of a file is loaded stands with the file
-- now, so that those in which nothing has changed are not even looked at.

ALTER TABLE ops.file_registry
    -- The file's current row in the ledger, with its content_hash and transform_fingerprint; NULL: not loaded. What was
    -- taken over from another program ('adopted') has no transform that could be another by now.
    ADD COLUMN load_id bigint,
    ADD COLUMN loaded_content text,
    ADD COLUMN loaded_transform text;

UPDATE ops.file_registry f
SET load_id = l.id, loaded_content = l.content_hash, loaded_transform = nullif(l.transform_fingerprint, 'adopted')
FROM ops.file_load l WHERE l.file_id = f.id AND l.superseded_at IS NULL;

-- The ledger stays the truth: whatever is done to it shows in the registry in the same transaction.
CREATE FUNCTION ops.tell_registry_of_load() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP <> 'INSERT' AND OLD.superseded_at IS NULL THEN
        UPDATE ops.file_registry SET load_id = NULL, loaded_content = NULL, loaded_transform = NULL
        WHERE id = OLD.file_id AND load_id = OLD.id;
    END IF;
    IF TG_OP <> 'DELETE' AND NEW.superseded_at IS NULL THEN
        UPDATE ops.file_registry
        SET load_id = NEW.id, loaded_content = NEW.content_hash,
            loaded_transform = nullif(NEW.transform_fingerprint, 'adopted')
        WHERE id = NEW.file_id;
    END IF;
    RETURN NULL;
END
$$;

CREATE TRIGGER file_load_in_registry
    AFTER INSERT OR UPDATE OR DELETE ON ops.file_load
    FOR EACH ROW EXECUTE FUNCTION ops.tell_registry_of_load();

CREATE INDEX file_registry_unloaded_idx ON ops.file_registry (id)
    WHERE status = 'CREATED' AND (load_id IS NULL OR loaded_content IS DISTINCT FROM content_hash);
CREATE INDEX file_registry_loaded_transform_idx
    ON ops.file_registry (data_provider, client_name, report_type, loaded_transform) WHERE status = 'CREATED';
