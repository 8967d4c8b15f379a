-- People to be traced against the national demographics service, never while an event is applied. A row holds no name and
-- no number: who is asked for stands in the event that is named.
CREATE TABLE trace_request (
    agency        text        NOT NULL,
    local_person  text        NOT NULL,
    event_source  text        NOT NULL,
    event_id      text        NOT NULL,
    said_at       timestamptz NOT NULL,
    state         text        NOT NULL CHECK (state IN ('waiting', 'done')),
    due_at        timestamptz NOT NULL,
    attempts      int         NOT NULL DEFAULT 0,
    outcome       text,
    finished_at   timestamptz,
    PRIMARY KEY (agency, local_person)
);
CREATE INDEX trace_request_due ON trace_request (due_at) WHERE state = 'waiting';
COMMENT ON TABLE trace_request IS 'The newest descriptor of each person of each NHS organisation, and whether it was traced.';

CREATE TABLE trace_place (only_one boolean PRIMARY KEY DEFAULT true CHECK (only_one), received_at timestamptz NOT NULL);
COMMENT ON TABLE trace_place IS 'Up to where the ledger was searched for people to trace.';

CREATE INDEX event_people_received ON event (received_at)
    WHERE type IN ('uk.crisisliaison.person.registered.v1', 'uk.crisisliaison.person.updated.v1');
