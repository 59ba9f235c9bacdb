-- What the roles pharma_loader and pharma_reader may do; the owner runs it, as often as it likes.
-- `pharma-assets db roles` makes the roles and runs it; after an upgrade it is run again.

DO $$
BEGIN
    EXECUTE format('REVOKE ALL ON DATABASE %I FROM PUBLIC, pharma_loader, pharma_reader', current_database());
    EXECUTE format('GRANT CONNECT ON DATABASE %I TO pharma_loader, pharma_reader', current_database());
    -- Arrivals are compared in a temporary table.
    EXECUTE format('GRANT TEMPORARY ON DATABASE %I TO pharma_loader', current_database());
END
$$;

REVOKE ALL ON ALL TABLES IN SCHEMA raw, ops, dagster FROM pharma_loader, pharma_reader;
REVOKE ALL ON ALL SEQUENCES IN SCHEMA raw, ops, dagster FROM pharma_loader, pharma_reader;

-- The loader: sensor, runs, commands. It writes rows and history, and changes no schema.
GRANT USAGE ON SCHEMA raw, ops, dagster TO pharma_loader;
GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA ops, dagster TO pharma_loader;
GRANT SELECT, INSERT, DELETE ON raw.primary_data TO pharma_loader;
GRANT USAGE ON ALL SEQUENCES IN SCHEMA raw, ops, dagster TO pharma_loader;
GRANT EXECUTE ON FUNCTION ops.ensure_month(date), ops.forget_events(timestamptz) TO pharma_loader;
-- A file that was ever known stays known, and the history is only added to.
REVOKE DELETE ON ops.file_registry FROM pharma_loader;
REVOKE UPDATE, DELETE ON ops.file_event FROM pharma_loader;

-- The reader: people's own SQL over reports, registry and history. Not Dagster's tables, nor who was alerted.
GRANT USAGE ON SCHEMA raw, ops TO pharma_reader;
GRANT SELECT ON ALL TABLES IN SCHEMA raw, ops TO pharma_reader;
REVOKE ALL ON ops.alert, ops.alert_item FROM pharma_reader;

-- What was migrated is the owner's own record.
DO $$
DECLARE
    found regclass;
BEGIN
    FOR found IN SELECT oid FROM pg_class WHERE relnamespace = 'ops'::regnamespace AND relkind = 'r'
                                            AND (starts_with(relname, '_yoyo') OR starts_with(relname, 'yoyo'))
    LOOP
        EXECUTE format('REVOKE ALL ON %s FROM pharma_loader, pharma_reader', found);
        EXECUTE format('GRANT SELECT ON %s TO pharma_loader', found);
    END LOOP;
END
$$;
