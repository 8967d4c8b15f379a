-- A feed may name an agency or an area that the registry does not have: nothing is joined by it (rule R30).
ALTER TABLE feed_state
    ADD COLUMN unknown_since timestamptz,
    ADD COLUMN unknown_at    timestamptz;
COMMENT ON COLUMN feed_state.unknown_since IS 'Since when it has named what the agency registry does not have.';
COMMENT ON COLUMN feed_state.unknown_at IS 'When it did so last.';
