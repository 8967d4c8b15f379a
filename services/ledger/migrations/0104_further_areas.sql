-- A postcode on a border lies in two areas: who reviews for either finds the crisis.
ALTER TABLE crisis ADD COLUMN further_areas text[] NOT NULL DEFAULT '{}';
COMMENT ON COLUMN crisis.further_areas IS 'The areas that it may lie in beside area.';
