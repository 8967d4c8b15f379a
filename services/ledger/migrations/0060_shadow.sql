-- What a candidate policy would have alerted, beside the live one. Nothing here goes to anybody.
CREATE TABLE shadow_run (
    candidate      text PRIMARY KEY,
    policy_version integer NOT NULL,
    live_version   integer NOT NULL,
    began_at       timestamptz NOT NULL,
    last_at        timestamptz NOT NULL,
    steps          bigint NOT NULL DEFAULT 0,
    failures       bigint NOT NULL DEFAULT 0
);
COMMENT ON COLUMN shadow_run.candidate IS 'Digest of what the candidate policy says: another text is another run.';
COMMENT ON COLUMN shadow_run.failures IS 'Steps that were lost, as far as a later step could say so.';
CREATE TABLE shadow_alert (
    candidate   text NOT NULL,
    alert_id    uuid NOT NULL,
    alert_key   text NOT NULL,
    rule        text NOT NULL,
    episode_id  uuid NOT NULL,
    urgency     smallint NOT NULL,
    holds_since timestamptz NOT NULL,
    raises      timestamptz[] NOT NULL,
    cleared_at  timestamptz,
    desks       text[] NOT NULL,
    PRIMARY KEY (candidate, alert_id)
);
COMMENT ON COLUMN shadow_alert.raises IS 'Each time that it would have been raised.';
COMMENT ON COLUMN shadow_alert.desks IS 'Desks that the rule names. No view, no detail: no personal data is copied.';
CREATE INDEX shadow_alert_episode ON shadow_alert (candidate, episode_id) WHERE cleared_at IS NULL;
CREATE TABLE shadow_deadline (
    candidate  text NOT NULL,
    episode_id uuid NOT NULL,
    zone       text NOT NULL,
    due_at     timestamptz NOT NULL,
    PRIMARY KEY (candidate, episode_id)
);
CREATE INDEX shadow_deadline_due ON shadow_deadline (candidate, zone, due_at);
