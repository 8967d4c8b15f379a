"""The ledger: the PostgreSQL tables that are the record, and the SQL that reads and writes them."""
