-- A look behind the glass ends with its time, when its person ends it, or with the session that opened it.
ALTER TABLE break_glass
    ADD COLUMN session_hash bytea,
    ADD COLUMN ended_at     timestamptz,
    ADD COLUMN review_note  text;
CREATE INDEX break_glass_session ON break_glass (session_hash, episode_id) WHERE ended_at IS NULL;
CREATE INDEX audit_at ON audit (at);
