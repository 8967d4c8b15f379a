-- What was rejected can be looked at, replayed after a fix, or discarded, each once and by somebody; nothing of it is deleted.
ALTER TABLE rejection
    ADD COLUMN headers     bytea,
    ADD COLUMN resolution  text CHECK (resolution IN ('replayed', 'discarded')),
    ADD COLUMN resolved_at timestamptz,
    ADD COLUMN resolved_by text;
CREATE INDEX rejection_open ON rejection (feed, received_at) WHERE resolution IS NULL;
COMMENT ON COLUMN rejection.headers IS
    'The record''s headers, without which a binary-mode event is not whole: JSON, values in hexadecimal. NULL: before they were kept.';
COMMENT ON COLUMN rejection.resolution IS 'NULL: it waits.';
