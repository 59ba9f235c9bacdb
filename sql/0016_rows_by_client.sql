-- depends: 0015_operations
-- A client's rows, by the name of its folder. Loads leave a file's rows side by side, so it is enough to know which names
-- occur in each stretch of 32 pages: 192 kB for 1.4 million rows where a B-tree takes 10 MB and slows each load by a tenth.
-- A bloom filter and not the least and greatest name, which say little once freed pages have been filled by other clients.
-- Measured in benchmarks/growth.py.

CREATE INDEX primary_data_client_idx ON raw.primary_data
    USING brin (report_provider_name text_bloom_ops (n_distinct_per_range = 16))
    WITH (pages_per_range = 32, autosummarize = on);
