-- People decide about one of several people of one log too. A table of its own: what software of before writes of whole
-- incidents (link_decision) still fits, and what it does not understand it does not read.
CREATE TABLE subject_link (
    left_agency   text NOT NULL,
    left_reference text NOT NULL,
    left_subject  text NOT NULL,
    right_agency  text NOT NULL,
    right_reference text NOT NULL,
    right_subject text NOT NULL,
    decision      text NOT NULL CHECK (decision IN ('joined', 'separated')),
    actor         text NOT NULL,
    reason        text NOT NULL,
    decided_at    timestamptz NOT NULL,
    PRIMARY KEY (left_agency, left_reference, left_subject, right_agency, right_reference, right_subject),
    CHECK (left_subject <> '' OR right_subject <> '')
);
CREATE INDEX subject_link_right ON subject_link (right_agency, right_reference);
COMMENT ON TABLE subject_link IS 'What a person decided about two subjects of which one at least has a name of its own; left < right.';
COMMENT ON COLUMN subject_link.left_subject IS 'The reference of a detention; empty for an incident''s only subject or the log''s own.';
