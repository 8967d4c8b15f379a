-- A feed that is heard may still be late, wrong about the time, or sending what cannot be read (rule R30).
ALTER TABLE feed_state
    ADD COLUMN late_since    timestamptz,
    ADD COLUMN late_seconds  double precision NOT NULL DEFAULT 0,
    ADD COLUMN ahead_since   timestamptz,
    ADD COLUMN ahead_seconds double precision NOT NULL DEFAULT 0,
    ADD COLUMN troubled      text,
    ADD COLUMN look_again_at timestamptz;
COMMENT ON COLUMN feed_state.late_since IS 'Since when the newest event of every batch was late; null: it is not.';
COMMENT ON COLUMN feed_state.ahead_since IS 'Since when the newest event of every batch lay in the future; null: it does not.';
COMMENT ON COLUMN feed_state.troubled IS 'backlog, late, clock or rejected: the trouble that stands although the feed is heard.';
COMMENT ON COLUMN feed_state.look_again_at IS 'When its troubles must be looked at again, however often it is heard until then.';
CREATE INDEX rejection_feed ON rejection (feed, received_at);
