-- What matching decides by, kept with the record in the transaction that folds it: an event is weighed against a hundred
-- people without reading their events again. NULL: folded before this column was there; read from its events until it changes.
ALTER TABLE local_record ADD COLUMN known jsonb;
COMMENT ON COLUMN local_record.known IS 'Names, births, numbers, postcodes, telephones as compared. Never ethnicity.';
