-- Keys under which people are found: rows of a b-tree instead of arrays in a gin index.
CREATE TABLE identity_key (
    key          text NOT NULL,
    agency       text NOT NULL,
    local_person text NOT NULL,
    PRIMARY KEY (key, agency, local_person),
    FOREIGN KEY (agency, local_person) REFERENCES local_record ON DELETE CASCADE
);
CREATE INDEX identity_key_record ON identity_key (agency, local_person);
INSERT INTO identity_key SELECT DISTINCT k, agency, local_person FROM local_record, unnest(identity_keys) AS k;
DROP INDEX local_record_keys;
ALTER TABLE local_record DROP COLUMN identity_keys;
COMMENT ON TABLE identity_key IS
    'Hashes of what a record may be found by; written in the transaction that folds the record. Never ethnicity.';

-- What people decided about whom an incident is about. Rows are only added; undoing closes a row.
CREATE TABLE identity_review (
    review_id    bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    agency       text NOT NULL,
    incident     text NOT NULL,
    person_id    uuid NOT NULL,
    local_agency text NOT NULL,
    local_person text NOT NULL,
    verdict      text NOT NULL CHECK (verdict IN ('same', 'different', 'cannot-tell')),
    actor        text NOT NULL,
    reason       text NOT NULL,
    decided_at   timestamptz NOT NULL,
    undone_by    text,
    undone_at    timestamptz,
    CHECK ((undone_by IS NULL) = (undone_at IS NULL))
);
CREATE UNIQUE INDEX identity_review_open ON identity_review (agency, incident, local_agency, local_person)
    WHERE undone_at IS NULL;
CREATE UNIQUE INDEX identity_review_one_person ON identity_review (agency, incident)
    WHERE undone_at IS NULL AND verdict = 'same';
COMMENT ON COLUMN identity_review.local_person IS
    'A record of the person meant: the person''s own id changes when records merge, the record does not.';
