-- A crisis that cannot be judged is set aside, alone: its alerts stand, everything else goes on, and it is tried again.
CREATE TABLE parked_crisis (
    crisis_id uuid PRIMARY KEY REFERENCES crisis (crisis_id),
    zone      text        NOT NULL REFERENCES zone,
    scene     uuid        NOT NULL,
    since     timestamptz NOT NULL,
    reason    text        NOT NULL,
    tries     int         NOT NULL CHECK (tries > 0),
    tried_at  timestamptz NOT NULL,
    again_at  timestamptz NOT NULL
);
COMMENT ON TABLE parked_crisis IS 'Crises whose settling failed. A row goes when the crisis could be judged again.';
COMMENT ON COLUMN parked_crisis.scene IS 'The least of the crises that are parked together, since they are judged together.';
COMMENT ON COLUMN parked_crisis.reason IS 'What failed and where in the program; nothing of what was being judged.';
COMMENT ON COLUMN parked_crisis.again_at IS 'When it is tried again, if none of its events changes before.';
