-- depends: 0014_shown_in_dagster
-- What operating the platform needs: work without the owner's rights, alerts and their memory, the last scan.

-- A month's partition, made detached and then attached: that takes a lock which readers and writers of other months do
-- not feel; CREATE TABLE … PARTITION OF would stop them. With the owner's rights, so that whoever loads needs none to
-- change the schema; what it makes depends on nothing but a month.
CREATE FUNCTION ops.ensure_month(first_day date) RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    part text := 'primary_data_' || to_char(first_day, 'YYYY_MM');
BEGIN
    IF extract(day FROM first_day) <> 1 OR first_day NOT BETWEEN date '2000-01-01' AND date '2100-12-01' THEN
        RAISE EXCEPTION '% is not the first day of a month of this century', first_day
            USING ERRCODE = 'invalid_parameter_value';
    END IF;
    PERFORM pg_advisory_xact_lock(hashtext('raw.' || part));
    -- The catalog itself: to_regclass() may answer from this session's cache, which an advisory lock does not renew.
    IF EXISTS (SELECT FROM pg_class WHERE relname = part AND relnamespace = 'raw'::regnamespace) THEN
        RETURN;
    END IF;
    EXECUTE format('CREATE TABLE raw.%I (LIKE raw.primary_data INCLUDING DEFAULTS INCLUDING CONSTRAINTS INCLUDING INDEXES)',
                   part);
    EXECUTE format('ALTER TABLE raw.primary_data ATTACH PARTITION raw.%I FOR VALUES FROM (%L) TO (%L)',
                   part, first_day, (first_day + interval '1 month')::date);
END
$$;
REVOKE ALL ON FUNCTION ops.ensure_month(date) FROM PUBLIC;

-- The one door by which events go; with the owner's rights, so that nobody else needs that of deleting them.
ALTER FUNCTION ops.forget_events(timestamptz) SECURITY DEFINER SET search_path = pg_catalog, pg_temp;
REVOKE ALL ON FUNCTION ops.forget_events(timestamptz) FROM PUBLIC;


-- Each message that was sent, or tried, to one recipient.
CREATE TABLE ops.alert (
    id bigserial PRIMARY KEY,
    at timestamptz NOT NULL DEFAULT now(),
    channel text NOT NULL,
    -- An address, or what can be shown of a webhook's URL; its secret part is not in it.
    recipient text NOT NULL,
    state text NOT NULL,
    subject text NOT NULL,
    -- What it told of: the keys of ops.alert_item.
    items text[] NOT NULL,
    error text,
    finished_at timestamptz,

    CONSTRAINT alert_channel_check CHECK (channel IN ('email', 'webhook')),
    -- SENDING outlives a process that died at it: whether it was sent nobody knows, so it is sent again.
    CONSTRAINT alert_state_check CHECK (state IN ('SENDING', 'SENT', 'FAILED'))
);

CREATE INDEX alert_recipient_idx ON ops.alert (channel, recipient, id);

-- What a recipient knows of and is still open. What has been put right is forgotten, and told anew if it comes back.
CREATE TABLE ops.alert_item (
    channel text NOT NULL,
    recipient text NOT NULL,
    -- What is wrong, as one text: the same problem of the same file version has the same key.
    item text NOT NULL,
    first_told_at timestamptz NOT NULL DEFAULT now(),
    last_told_at timestamptz NOT NULL DEFAULT now(),
    alert_id bigint NOT NULL,
    PRIMARY KEY (channel, recipient, item)
);


-- The latest look at the inbox: one row.
CREATE TABLE ops.last_scan (
    one boolean PRIMARY KEY DEFAULT true,
    at timestamptz NOT NULL DEFAULT now(),
    seconds double precision NOT NULL,
    seen bigint NOT NULL,
    added bigint NOT NULL,
    problems bigint NOT NULL,
    complete boolean NOT NULL,

    CONSTRAINT last_scan_one_check CHECK (one)
);
