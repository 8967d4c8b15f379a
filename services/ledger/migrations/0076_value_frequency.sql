-- How many records of the register carry a given name, a family name or a postcode: agreeing on a rare one says more.
CREATE TABLE value_frequency (
    value   text PRIMARY KEY,
    records bigint NOT NULL CHECK (records >= 0)
);
COMMENT ON TABLE value_frequency IS
    'Hashes of normalised values by kind, counted in the transaction that folds a record. `records` is the number of all.';
ALTER TABLE local_record ADD COLUMN counted text[] NOT NULL DEFAULT '{}';
COMMENT ON COLUMN local_record.counted IS 'Under which values of value_frequency the record is counted.';
