-- Who works with the console: people, what they may do where, their sessions, and what they look at beyond it.

CREATE TABLE operator (
    operator_id text PRIMARY KEY,
    handle      text NOT NULL,
    name        text NOT NULL,
    seen_at     timestamptz NOT NULL
);
COMMENT ON COLUMN operator.operator_id IS 'Issuer and subject of the sign-in; `local:` for the sign-in for trying.';
COMMENT ON COLUMN operator.handle IS 'As the record names them: staff number or user name, never an address.';

CREATE TABLE operator_grant (
    grant_id    bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    operator_id text NOT NULL,
    role        text NOT NULL CHECK (role IN ('operator', 'supervisor', 'reviewer', 'governance', 'privacy-officer')),
    agency      text NOT NULL,
    desk        text,
    origin      text NOT NULL CHECK (origin IN ('provider', 'administrator', 'trying')),
    granted_by  text NOT NULL,
    granted_at  timestamptz NOT NULL,
    revoked_by  text,
    revoked_at  timestamptz
);
CREATE INDEX operator_grant_current ON operator_grant (operator_id) WHERE revoked_at IS NULL;
COMMENT ON COLUMN operator_grant.desk IS 'Empty: every desk of the agency.';

CREATE TABLE operator_session (
    session_hash     bytea PRIMARY KEY,
    operator_id      text NOT NULL REFERENCES operator,
    issuer           text,
    provider_session text,
    acr              text,
    csrf             text NOT NULL,
    started_at       timestamptz NOT NULL,
    active_at        timestamptz NOT NULL,
    ends_at          timestamptz NOT NULL,
    locked_at        timestamptz,
    ended_at         timestamptz,
    end_reason       text
);
CREATE INDEX operator_session_operator ON operator_session (operator_id) WHERE ended_at IS NULL;
COMMENT ON COLUMN operator_session.session_hash IS 'SHA-256 of what the cookie holds: a copy of the table opens no session.';

CREATE TABLE logout_token_seen (issuer text NOT NULL, token_id text NOT NULL, seen_at timestamptz NOT NULL,
    PRIMARY KEY (issuer, token_id));

CREATE TABLE break_glass (
    break_glass_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    operator_id    text NOT NULL REFERENCES operator,
    desk           text NOT NULL,
    agency         text NOT NULL,
    incident_agency text NOT NULL,
    incident       text NOT NULL,
    episode_id     uuid NOT NULL REFERENCES episode,
    reason         text NOT NULL CHECK (length(btrim(reason)) >= 10),
    opened_at      timestamptz NOT NULL,
    ends_at        timestamptz NOT NULL,
    reviewed_at    timestamptz,
    reviewed_by    text,
    finding        text CHECK (finding IN ('justified', 'not-justified', 'to-be-discussed')),
    CHECK (ends_at > opened_at)
);
CREATE INDEX break_glass_open ON break_glass (agency, opened_at) WHERE reviewed_at IS NULL;
COMMENT ON TABLE break_glass IS 'One person, one reason, a limited time; each is looked at by a privacy officer.';

CREATE TABLE alert_feedback (
    alert_id    uuid NOT NULL REFERENCES alert,
    desk        text NOT NULL,
    operator_id text NOT NULL REFERENCES operator,
    useful      boolean NOT NULL,
    at          timestamptz NOT NULL,
    PRIMARY KEY (alert_id, desk, operator_id)
);
