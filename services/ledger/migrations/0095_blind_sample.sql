-- What people say of a sample of attachments without knowing that there is one: how often the matcher is wrong is known from
-- nothing else. One answer for each incident and person attached; it changes nothing by itself.
CREATE TABLE blind_judgement (
    judgement_id   bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    decision_id    bigint NOT NULL REFERENCES identity_decision,
    agency         text NOT NULL,
    incident       text NOT NULL,
    person_id      uuid NOT NULL,
    answer         text NOT NULL CHECK (answer IN ('person', 'nobody', 'cannot-tell')),
    chosen         uuid,
    records        bigint NOT NULL,
    actor          text NOT NULL,
    judged_at      timestamptz NOT NULL,
    UNIQUE (agency, incident, person_id),
    CHECK ((answer = 'person') = (chosen IS NOT NULL))
);
COMMENT ON COLUMN blind_judgement.person_id IS 'Whom the matcher had attached; `chosen` is whom the reviewer found it to be.';
COMMENT ON COLUMN blind_judgement.records IS 'How many records the register held then.';
CREATE INDEX identity_decision_attached ON identity_decision (decided_at)
    WHERE superseded_at IS NULL AND outcome = 'attached';
