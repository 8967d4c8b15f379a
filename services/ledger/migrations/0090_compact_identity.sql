-- Keys as numbers of 64 bits, and a record by a number: a third of the room, and a register of ten million in the memory of
-- one machine. A key's last bit says that it is somebody's own (number, telephone, identifier).
CREATE FUNCTION pg_temp.compact(stored text) RETURNS bigint LANGUAGE sql IMMUTABLE AS $$
    SELECT ('x' || substr(split_part(stored, ':', 2), 1, 16))::bit(64)::bigint & ~1::bigint
           | (split_part(stored, ':', 1) IN ('nhs', 'tel', 'id'))::int $$;

ALTER TABLE local_record ADD COLUMN record_id bigint GENERATED ALWAYS AS IDENTITY UNIQUE;
COMMENT ON COLUMN local_record.record_id IS 'Of this ledger alone: what is exported and audited names a record by its agency.';

CREATE TABLE compact_key (key bigint NOT NULL, record_id bigint NOT NULL);
INSERT INTO compact_key SELECT DISTINCT pg_temp.compact(k.key), l.record_id
  FROM identity_key k JOIN local_record l USING (agency, local_person) ORDER BY 1, 2;
DROP TABLE identity_key;
ALTER TABLE compact_key RENAME TO identity_key;
ALTER TABLE identity_key ADD PRIMARY KEY (key, record_id);
ALTER TABLE identity_key ADD FOREIGN KEY (record_id) REFERENCES local_record (record_id) ON DELETE CASCADE;
CREATE INDEX identity_key_record ON identity_key (record_id);
COMMENT ON TABLE identity_key IS
    'Hashes of what a record may be found by; written in the transaction that folds the record. Never ethnicity.';

CREATE TABLE compact_frequency (value bigint PRIMARY KEY, records bigint NOT NULL CHECK (records >= 0));
INSERT INTO compact_frequency
SELECT CASE value WHEN 'records' THEN 0 ELSE pg_temp.compact(value) END, sum(records) FROM value_frequency GROUP BY 1;
DROP TABLE value_frequency;
ALTER TABLE compact_frequency RENAME TO value_frequency;
ALTER INDEX compact_frequency_pkey RENAME TO value_frequency_pkey;
COMMENT ON TABLE value_frequency IS
    'Hashes of normalised values by kind, counted in the transaction that folds a record. 0 is the number of all.';

ALTER TABLE local_record ADD COLUMN counted_as bigint[] NOT NULL DEFAULT '{}';
UPDATE local_record SET counted_as = ARRAY(SELECT DISTINCT pg_temp.compact(c) FROM unnest(counted) AS c) WHERE counted <> '{}';
ALTER TABLE local_record DROP COLUMN counted;
ALTER TABLE local_record RENAME COLUMN counted_as TO counted;
COMMENT ON COLUMN local_record.counted IS 'Under which values of value_frequency the record is counted.';

UPDATE incident SET link_keys = ARRAY(
       SELECT CASE WHEN k ~ '^[a-z]+:[0-9a-f]{24}$' THEN 'described:' || pg_temp.compact(k) ELSE k END
         FROM unnest(link_keys) AS k);
