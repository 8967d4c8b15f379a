-- Records other than incidents belong to an agency that need not be the one that speaks (a referral's receiver answers);
-- what other episodes may count of an incident is kept beside it.

ALTER TABLE event ADD COLUMN record_agency text;
UPDATE event SET record_agency = agency WHERE incident IS NOT NULL;
DROP INDEX event_incident;
CREATE INDEX event_record ON event (record_agency, incident) WHERE incident IS NOT NULL;
CREATE INDEX event_site ON event (occurred_at) WHERE starts_with(incident, 'site#');
COMMENT ON COLUMN event.incident IS
    'Reference of the record it belongs to: an incident''s own, or kind#reference (custody, absence, referral, follow-up, site).';

ALTER TABLE incident
    ADD COLUMN agency_kind    text,
    ADD COLUMN crisis         text,
    ADD COLUMN crisis_at      timestamptz,
    ADD COLUMN police_left_at timestamptz,
    ADD COLUMN completed_at   timestamptz,
    ADD COLUMN contact_keys   text[];
CREATE INDEX incident_contact_keys ON incident USING gin (contact_keys) WHERE contact_keys IS NOT NULL;
COMMENT ON COLUMN incident.contact_keys IS
    'Person, property and telephone shared with other episodes; hashes. Null: the record is not counted.';
