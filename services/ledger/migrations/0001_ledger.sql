-- The ledger: the tables that are the record. No statement asks what time it is: every instant is a parameter.

-- Place in the topics -------------------------------------------------------------------------------------------------
CREATE TABLE kafka_cursor (
    topic       text   NOT NULL,
    partition   int    NOT NULL,
    next_offset bigint NOT NULL CHECK (next_offset >= 0),
    PRIMARY KEY (topic, partition)
);
COMMENT ON TABLE kafka_cursor IS 'Offset below: a repeat. Offset above: a hole, filled from Kafka before going on.';

CREATE TABLE kafka_cursor_skip (
    topic text NOT NULL, partition int NOT NULL, first_offset bigint NOT NULL, next_offset bigint NOT NULL,
    reason text NOT NULL, recorded_at timestamptz NOT NULL,
    PRIMARY KEY (topic, partition, first_offset)
);

-- What was said -------------------------------------------------------------------------------------------------------
CREATE TABLE event (
    source       text        NOT NULL,
    id           text        NOT NULL,
    type         text        NOT NULL,
    feed         text        NOT NULL,
    agency       text        NOT NULL,
    incident     text,
    local_people text[],
    refers_to    text,
    occurred_at  timestamptz NOT NULL,
    recorded_at  timestamptz NOT NULL,
    received_at  timestamptz NOT NULL,
    topic        text        NOT NULL,
    partition    int         NOT NULL,
    "offset"     bigint      NOT NULL,
    content_hash bytea       NOT NULL,
    body         bytea       NOT NULL,
    PRIMARY KEY (source, id),
    UNIQUE (topic, partition, "offset")
);
CREATE INDEX event_incident ON event (agency, incident) WHERE incident IS NOT NULL;
CREATE INDEX event_refers_to ON event (source, refers_to) WHERE refers_to IS NOT NULL;
CREATE INDEX event_local_people ON event USING gin (local_people) WHERE local_people IS NOT NULL;
COMMENT ON COLUMN event.refers_to IS 'Id of the event, of the same source, that this one corrects or retracts.';
COMMENT ON COLUMN event.local_people IS 'Local identifiers that an event of the register is about.';
COMMENT ON COLUMN event.body IS 'Structured-mode CloudEvent, as accepted.';

CREATE TABLE rejection (
    rejection_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    feed text NOT NULL, agency text NOT NULL, topic text NOT NULL, partition int NOT NULL, "offset" bigint NOT NULL,
    code text NOT NULL, pointer text NOT NULL, remedy text NOT NULL,
    body bytea NOT NULL, received_at timestamptz NOT NULL,
    UNIQUE (topic, partition, "offset")
);

CREATE TABLE feed_state (
    feed            text PRIMARY KEY,
    last_heard_at   timestamptz,
    silent_since    timestamptz,
    stopped_at      timestamptz,
    stopped_reason  text
);

-- One writer a zone at a time -----------------------------------------------------------------------------------------
CREATE TABLE zone (zone text PRIMARY KEY);

-- People and pathways -------------------------------------------------------------------------------------------------
CREATE TABLE local_record (
    agency        text   NOT NULL,
    local_person  text   NOT NULL,
    person_id     uuid   NOT NULL,
    identity_keys text[] NOT NULL,
    PRIMARY KEY (agency, local_person)
);
CREATE INDEX local_record_person ON local_record (person_id);
CREATE INDEX local_record_keys ON local_record USING gin (identity_keys);
COMMENT ON TABLE local_record IS
    'Where an NHS organisation''s record of a person is found. What it says is folded from its events; keys are hashes.';

CREATE TABLE identity_decision (
    decision_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    agency text NOT NULL, incident text NOT NULL,
    outcome text NOT NULL CHECK (outcome IN ('attached', 'possible', 'unknown')),
    person_id uuid,
    evidence jsonb NOT NULL, matcher_version text NOT NULL,
    decided_at timestamptz NOT NULL, superseded_at timestamptz
);
CREATE UNIQUE INDEX identity_decision_current ON identity_decision (agency, incident) WHERE superseded_at IS NULL;

-- Episodes ------------------------------------------------------------------------------------------------------------
CREATE TABLE episode (
    episode_id    uuid PRIMARY KEY,
    zone          text NOT NULL REFERENCES zone,
    area          text,
    opened_at     timestamptz NOT NULL,
    last_event_at timestamptz NOT NULL,
    evaluated_at  timestamptz NOT NULL,
    dissolved_at  timestamptz
);
COMMENT ON COLUMN episode.dissolved_at IS 'All its incidents went to other episodes (joined).';

CREATE TABLE incident (
    agency       text NOT NULL,
    reference    text NOT NULL,
    zone         text NOT NULL REFERENCES zone,
    episode_id   uuid NOT NULL REFERENCES episode,
    opened_at    timestamptz NOT NULL,
    last_seen_at timestamptz NOT NULL,
    link_keys    text[] NOT NULL,
    PRIMARY KEY (agency, reference)
);
CREATE INDEX incident_episode ON incident (episode_id);
CREATE INDEX incident_link_keys ON incident USING gin (link_keys);

CREATE TABLE link_decision (
    left_agency text NOT NULL, left_reference text NOT NULL, right_agency text NOT NULL, right_reference text NOT NULL,
    decision text NOT NULL CHECK (decision IN ('joined', 'separated')),
    actor text NOT NULL, reason text NOT NULL, decided_at timestamptz NOT NULL,
    PRIMARY KEY (left_agency, left_reference, right_agency, right_reference)
);
COMMENT ON TABLE link_decision IS 'What a person decided about two incidents; left < right.';

-- Deadlines -----------------------------------------------------------------------------------------------------------
CREATE TABLE deadline (
    kind    text NOT NULL CHECK (kind IN ('episode', 'feed')),
    subject text NOT NULL,
    zone    text NOT NULL,
    due_at  timestamptz NOT NULL,
    PRIMARY KEY (kind, subject)
);
CREATE INDEX deadline_due ON deadline (due_at);
COMMENT ON TABLE deadline IS 'The next instant at which an episode or feed must be looked at again.';

-- Alerts --------------------------------------------------------------------------------------------------------------
CREATE TABLE alert (
    alert_id     uuid PRIMARY KEY,
    alert_key    text NOT NULL UNIQUE,
    rule         text NOT NULL,
    rule_version int  NOT NULL,
    zone         text NOT NULL,
    area         text,
    episode_id   uuid REFERENCES episode,
    feed         text,
    urgency      int  NOT NULL CHECK (urgency BETWEEN 1 AND 5),
    holds_since  timestamptz NOT NULL,
    raised_at    timestamptz NOT NULL,
    cleared_at   timestamptz,
    clear_reason text,
    detail       jsonb NOT NULL
);
CREATE INDEX alert_episode ON alert (episode_id);
CREATE INDEX alert_standing ON alert (zone) WHERE cleared_at IS NULL;
COMMENT ON COLUMN alert.detail IS 'The finding: title, reason, next step, evidence, deadline, verification (services.liaison.finding).';

CREATE TABLE alert_desk (
    alert_id        uuid NOT NULL REFERENCES alert,
    desk            text NOT NULL,
    state           text NOT NULL CHECK (state IN ('raised', 'delivered', 'acknowledged', 'cleared')),
    view            jsonb NOT NULL,
    acknowledge_by  timestamptz NOT NULL,
    delivered_at    timestamptz,
    acknowledged_at timestamptz,
    acknowledged_by text,
    cleared_at      timestamptz,
    PRIMARY KEY (alert_id, desk)
);
CREATE INDEX alert_desk_desk ON alert_desk (desk, state);
COMMENT ON COLUMN alert_desk.view IS 'What this desk may see, after disclosure.';

CREATE TABLE alert_sequence (one boolean PRIMARY KEY DEFAULT true CHECK (one), last bigint NOT NULL);
INSERT INTO alert_sequence (last) VALUES (0);
COMMENT ON TABLE alert_sequence IS
    'Taken last in a transaction with a row lock: alert_log.sequence is gapless and in commit order, so a reader that
     resumes after a number misses nothing.';

CREATE TABLE alert_log (
    sequence   bigint PRIMARY KEY,
    alert_id   uuid NOT NULL REFERENCES alert,
    desk       text NOT NULL,
    transition text NOT NULL CHECK (transition IN ('raised', 'worsened', 'annotated', 'delivered', 'acknowledged', 'cleared')),
    at         timestamptz NOT NULL,
    actor      text NOT NULL,
    reason     text
);
CREATE INDEX alert_log_desk ON alert_log (desk, sequence);
CREATE INDEX alert_log_alert ON alert_log (alert_id, sequence);

-- Out and about -------------------------------------------------------------------------------------------------------
CREATE TABLE outbox (
    message_id   uuid PRIMARY KEY,
    topic        text NOT NULL,
    key          bytea,
    headers      jsonb NOT NULL,
    body         bytea NOT NULL,
    created_at   timestamptz NOT NULL,
    published_at timestamptz,
    attempts     int NOT NULL DEFAULT 0,
    last_error   text
);
CREATE INDEX outbox_pending ON outbox (created_at) WHERE published_at IS NULL;

CREATE TABLE disclosure (
    disclosure_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    alert_id uuid NOT NULL REFERENCES alert, desk text NOT NULL, agency text NOT NULL,
    purpose text NOT NULL, items text[] NOT NULL, disclosed_at timestamptz NOT NULL
);

CREATE TABLE audit (
    audit_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    action text NOT NULL, actor text NOT NULL, subject text NOT NULL, detail jsonb NOT NULL, at timestamptz NOT NULL
);
