-- A crisis is one subject's. An incident has one subject by default, and its row says where that one is; the further subjects of a
-- log about several people have a row each.
CREATE TABLE subject (
    agency      text NOT NULL,
    reference   text NOT NULL,
    subject     text NOT NULL,
    crisis_id   uuid NOT NULL REFERENCES crisis (crisis_id),
    PRIMARY KEY (agency, reference, subject),
    FOREIGN KEY (agency, reference) REFERENCES incident (agency, reference)
);
CREATE INDEX subject_crisis ON subject (crisis_id);
COMMENT ON TABLE subject IS 'Further subjects of an incident that is about several people, and the crisis each is in.';
COMMENT ON COLUMN subject.subject IS 'The reference under which the log speaks of the person: that of a detention.';

ALTER TABLE crisis ADD COLUMN scene uuid;
UPDATE crisis SET scene = crisis_id;
ALTER TABLE crisis ALTER COLUMN scene SET NOT NULL;
CREATE INDEX crisis_scene ON crisis (scene);
COMMENT ON COLUMN crisis.scene IS 'The least crisis of those that one log, a reference or a doubt ties to it: looked at together.';
