-- Rule R27 counts crises by ethnic group, once a week. What it counts is kept beside the episode as it is settled, so that
-- ninety days need not be folded again; crises settled before this migration count from when something of them is next heard.
CREATE TABLE crisis_tally (
    episode_id    uuid PRIMARY KEY REFERENCES episode,
    zone          text NOT NULL,
    opened_at     timestamptz NOT NULL,
    ethnic_group  text NOT NULL CHECK (ethnic_group IN ('white', 'mixed', 'asian', 'black', 'other', 'not-known')),
    s136          boolean NOT NULL,
    force         boolean NOT NULL,
    low_grade     boolean,
    clock_due_at  timestamptz,
    clock_over_at timestamptz
);
CREATE INDEX crisis_tally_opened ON crisis_tally (zone, opened_at);
COMMENT ON TABLE crisis_tally IS
    'No person and no place. For counting only: what leaves it are counts with small numbers suppressed.';
COMMENT ON COLUMN crisis_tally.low_grade IS 'The ambulance service graded it, no grade is an emergency. Null: not graded.';
COMMENT ON COLUMN crisis_tally.clock_due_at IS 'When the period of section 136 was to end, with its extension. Null: none ran.';

ALTER TABLE deadline DROP CONSTRAINT deadline_kind_check;
ALTER TABLE deadline ADD CONSTRAINT deadline_kind_check CHECK (kind IN ('episode', 'feed', 'alert', 'monitor'));
COMMENT ON TABLE deadline IS 'The next instant at which an episode, feed, alert or monitor must be looked at again.';
