-- A service adds to the audit and has no right to the ends of its chains: the ledger itself goes on with them, as their owner.
-- What is named in the function is the ledger's and nobody else's, whatever the path of who calls.
DO $$
BEGIN
    EXECUTE format('ALTER FUNCTION audit_follow() SECURITY DEFINER SET search_path = %I, pg_temp', current_schema());
    EXECUTE format('ALTER FUNCTION audit_is_only_added_to() SET search_path = %I, pg_temp', current_schema());
END $$;
REVOKE ALL ON FUNCTION audit_follow() FROM PUBLIC;
