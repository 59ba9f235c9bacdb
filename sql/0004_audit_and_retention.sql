-- depends: 0003_life_of_a_file
-- What is left to do after a load, and what may go after a time.

-- When the result file of a superseded load was taken out of «Данные на загрузку». That happens after the commit, so a
-- crash may come between: a row without it is done again.
ALTER TABLE ops.file_load ADD COLUMN result_set_aside_at timestamptz;
UPDATE ops.file_load SET result_set_aside_at = superseded_at WHERE superseded_at IS NOT NULL;
CREATE INDEX file_load_to_set_aside_idx ON ops.file_load (id)
    WHERE superseded_at IS NOT NULL AND result_name IS NOT NULL AND result_set_aside_at IS NULL;

COMMENT ON COLUMN ops.file_event.file_id IS 'id in ops.file_registry; 0 for what is of no one file';

-- The history stays append-only, but for one door: DELETE passes while ops.forget_events() is at work in the same
-- transaction. That keeps out mistakes; whoever owns the table could drop the trigger anyway.
CREATE OR REPLACE FUNCTION ops.refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'DELETE' AND current_setting('pharma.forgetting', true) = pg_current_xact_id()::text THEN
        RETURN NULL;
    END IF;
    RAISE EXCEPTION '%.% is append-only: % is refused', TG_TABLE_SCHEMA, TG_TABLE_NAME, TG_OP
        USING ERRCODE = 'restrict_violation', HINT = 'Add another event that corrects the earlier one.';
END
$$;

-- What may be forgotten: events before a moment, but never a person's decision nor the last event of a file.
CREATE VIEW ops.old_event AS
SELECT e.id, e.at FROM ops.file_event e
WHERE (e.run_id IS NULL OR NOT starts_with(e.run_id, 'person:'))
  AND EXISTS (SELECT FROM ops.file_event later WHERE later.file_id = e.file_id AND later.id > e.id);

-- Takes events out; returns how many.
CREATE FUNCTION ops.forget_events(before timestamptz) RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE
    forgotten bigint;
BEGIN
    IF before > now() - interval '30 days' THEN
        RAISE EXCEPTION 'events of the last 30 days stay' USING ERRCODE = 'restrict_violation';
    END IF;
    PERFORM set_config('pharma.forgetting', pg_current_xact_id()::text, true);
    DELETE FROM ops.file_event WHERE id IN (SELECT id FROM ops.old_event WHERE at < before);
    GET DIAGNOSTICS forgotten = ROW_COUNT;
    PERFORM set_config('pharma.forgetting', '', true);
    RETURN forgotten;
END
$$;
