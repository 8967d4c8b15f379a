-- A cursor belongs to one log: the same topic may be created anew, lose its end, or be restored, and gives offsets again.
ALTER TABLE kafka_cursor
    ADD COLUMN log          int NOT NULL DEFAULT 0,
    ADD COLUMN cluster_id   text,
    ADD COLUMN topic_id     text,
    ADD COLUMN leader_epoch int,
    ADD COLUMN seen_offset  bigint;
COMMENT ON COLUMN kafka_cursor.log IS 'How often this partition was found to be another log than before.';
COMMENT ON COLUMN kafka_cursor.cluster_id IS 'Of the log that next_offset is a place in; null: not yet known.';
COMMENT ON COLUMN kafka_cursor.topic_id IS 'Kafka gives each topic that is created one of its own; null: not yet known.';
COMMENT ON COLUMN kafka_cursor.leader_epoch IS 'Of the partition''s leader when the log was last seen to reach as far as seen_offset.';
COMMENT ON COLUMN kafka_cursor.seen_offset IS 'next_offset at that time.';

CREATE TABLE kafka_log_change (
    topic         text   NOT NULL,
    partition     int    NOT NULL,
    log           int    NOT NULL,
    kind          text   NOT NULL CHECK (kind IN ('recreated', 'truncated', 'shorter', 'elected')),
    former_offset bigint NOT NULL,
    next_offset   bigint NOT NULL,
    noticed_at    timestamptz NOT NULL,
    PRIMARY KEY (topic, partition, log)
);
COMMENT ON TABLE kafka_log_change IS
    'Partitions that became another log, from which offset on they are read anew, and how far the former one had been read. Elected: a leader was, while records came; nothing is known to be lost.';

ALTER TABLE event ADD COLUMN log int NOT NULL DEFAULT 0;
ALTER TABLE event DROP CONSTRAINT event_topic_partition_offset_key;
ALTER TABLE event ADD CONSTRAINT event_place UNIQUE (topic, partition, log, "offset");
ALTER TABLE rejection ADD COLUMN log int NOT NULL DEFAULT 0;
ALTER TABLE rejection DROP CONSTRAINT rejection_topic_partition_offset_key;
ALTER TABLE rejection ADD CONSTRAINT rejection_place UNIQUE (topic, partition, log, "offset");
COMMENT ON COLUMN event.log IS 'Of kafka_cursor, when it was taken: an offset is given again by another log.';
COMMENT ON COLUMN rejection.log IS 'As that of an event.';
