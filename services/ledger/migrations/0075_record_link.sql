-- What people decided about two records of the register: one person, or not. Rows are only added; undoing closes a row.
CREATE TABLE record_link (
    link_id      bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    kept_agency  text NOT NULL,
    kept_person  text NOT NULL,
    other_agency text NOT NULL,
    other_person text NOT NULL,
    verdict      text NOT NULL CHECK (verdict IN ('same', 'different')),
    actor        text NOT NULL,
    reason       text NOT NULL,
    decided_at   timestamptz NOT NULL,
    undone_by    text,
    undone_reason text,
    undone_at    timestamptz,
    CHECK ((undone_by IS NULL) = (undone_at IS NULL)),
    CHECK ((kept_agency, kept_person) <> (other_agency, other_person))
);
CREATE UNIQUE INDEX record_link_open ON record_link
    (least(kept_agency || chr(31) || kept_person, other_agency || chr(31) || other_person),
     greatest(kept_agency || chr(31) || kept_person, other_agency || chr(31) || other_person)) WHERE undone_at IS NULL;
CREATE INDEX record_link_kept ON record_link (kept_agency, kept_person) WHERE undone_at IS NULL;
CREATE INDEX record_link_other ON record_link (other_agency, other_person) WHERE undone_at IS NULL;
COMMENT ON COLUMN record_link.kept_person IS 'The record whose person keeps its id; `other` is joined with it or taken out.';
