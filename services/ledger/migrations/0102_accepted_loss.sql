-- Retention took records that nobody had read: somebody says that the feed goes on without them.
CREATE TABLE kafka_accepted_loss (
    feed        text        NOT NULL,
    accepted_at timestamptz NOT NULL,
    accepted_by text        NOT NULL,
    PRIMARY KEY (feed, accepted_at)
);
COMMENT ON TABLE kafka_accepted_loss IS
    'Holds for a few minutes, in which the worker moves on; the offsets then stand in kafka_cursor_skip.';
