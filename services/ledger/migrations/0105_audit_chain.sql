-- The audit is evidence: every record carries the hash of the one before it in its chain, so that one that is altered,
-- taken out or put in is found (`liaison audit verify`). Whoever writes takes a chain that nobody else is writing to, and
-- makes a new one where all are taken: nobody waits for anybody, and no circle of locks can come of it. The statement of
-- each minute, itself a record, holds the last hash of every chain and so binds them into one.
LOCK TABLE audit IN ACCESS EXCLUSIVE MODE;
CREATE SEQUENCE audit_chain;
CREATE TABLE audit_head (
    chain int PRIMARY KEY, place bigint NOT NULL, hash bytea NOT NULL
);
ALTER TABLE audit
    ADD COLUMN chain    int,
    ADD COLUMN place    bigint,
    ADD COLUMN previous bytea,
    ADD COLUMN hash     bytea;
COMMENT ON COLUMN audit.place IS 'In its chain, from 1 and without a gap.';
COMMENT ON COLUMN audit.previous IS 'Hash of the record at the place before; empty at place 1.';

-- Each text with its length before it, so that no two records give the same bytes.
CREATE FUNCTION audit_field(content text) RETURNS text LANGUAGE sql IMMUTABLE AS
    $$ SELECT octet_length(convert_to(content, 'UTF8')) || ':' || content || ',' $$;

CREATE FUNCTION audit_hash(entry audit) RETURNS bytea LANGUAGE sql STABLE AS
    $$ SELECT sha256(entry.previous || convert_to(
           audit_field(entry.chain::text) || audit_field(entry.place::text) || audit_field(entry.audit_id::text)
        || audit_field(entry.action) || audit_field(entry.actor) || audit_field(entry.subject)
        || audit_field(entry.detail::text)
        || audit_field((extract(epoch FROM entry.at) * 1000000)::bigint::text), 'UTF8')) $$;

-- What was written before there was a chain is the beginning of chain 0, in the order of its numbers.
DO $$
DECLARE
    entry audit%ROWTYPE;
    head  bytea := '';
    total bigint := 0;
BEGIN
    FOR entry IN SELECT * FROM audit ORDER BY audit_id LOOP
        total := total + 1;
        entry.chain := 0;
        entry.place := total;
        entry.previous := head;
        head := audit_hash(entry);
        UPDATE audit SET chain = 0, place = total, previous = entry.previous, hash = head
         WHERE audit_id = entry.audit_id;
    END LOOP;
    IF total > 0 THEN
        INSERT INTO audit_head (chain, place, hash) VALUES (0, total, head);
    END IF;
END $$;

ALTER TABLE audit
    ALTER COLUMN chain SET NOT NULL, ALTER COLUMN place SET NOT NULL,
    ALTER COLUMN previous SET NOT NULL, ALTER COLUMN hash SET NOT NULL;
CREATE UNIQUE INDEX audit_place ON audit (chain, place);

CREATE FUNCTION audit_follow() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    head      audit_head%ROWTYPE;
    candidate int;
BEGIN
    IF current_setting('transaction_isolation') = 'read committed' THEN
        SELECT * INTO head FROM audit_head ORDER BY chain LIMIT 1 FOR UPDATE SKIP LOCKED;
    ELSE
        -- a page that shows one moment does not see what others wrote since: a chain that went on is not for it
        FOR candidate IN SELECT chain FROM audit_head ORDER BY chain LOOP
            BEGIN
                SELECT * INTO head FROM audit_head WHERE chain = candidate FOR UPDATE SKIP LOCKED;
                EXIT WHEN FOUND;
            EXCEPTION WHEN serialization_failure THEN
                NULL;
            END;
        END LOOP;
    END IF;
    IF head.chain IS NULL THEN
        head.chain := nextval('audit_chain');
        head.place := 0;
        head.hash := '';
        INSERT INTO audit_head (chain, place, hash) VALUES (head.chain, 0, '');
    END IF;
    NEW.chain := head.chain;
    NEW.place := head.place + 1;
    NEW.previous := head.hash;
    NEW.hash := audit_hash(NEW);
    UPDATE audit_head SET place = NEW.place, hash = NEW.hash WHERE chain = NEW.chain;
    RETURN NEW;
END $$;
CREATE TRIGGER audit_follow BEFORE INSERT ON audit FOR EACH ROW EXECUTE FUNCTION audit_follow();

CREATE FUNCTION audit_is_only_added_to() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'the audit is only added to: % of its records is refused', lower(TG_OP)
        USING ERRCODE = 'insufficient_privilege';
END $$;
CREATE TRIGGER audit_is_only_added_to BEFORE UPDATE OR DELETE OR TRUNCATE ON audit
    FOR EACH STATEMENT EXECUTE FUNCTION audit_is_only_added_to();
