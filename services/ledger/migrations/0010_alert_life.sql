-- The whole life of an alert at a desk: claims, answers, shelves, re-alarms, escalation.
ALTER TABLE alert_desk DROP CONSTRAINT alert_desk_state_check;
ALTER TABLE alert_desk ADD CONSTRAINT alert_desk_state_check CHECK (state IN
    ('raised', 'delivered', 'acknowledged', 'claimed', 'answered', 'shelved', 'returned', 'cleared', 'closed'));
-- What ended under the former version, acknowledged or not.
UPDATE alert_desk SET state = 'returned' WHERE state = 'cleared' AND acknowledged_at IS NULL;
ALTER TABLE alert_desk
    ADD COLUMN origin          text NOT NULL DEFAULT 'rule' CHECK (origin IN ('rule', 'escalation', 'dispute')),
    ADD COLUMN claimed_at      timestamptz,
    ADD COLUMN claimed_by      text,
    ADD COLUMN answered_at     timestamptz,
    ADD COLUMN answered_by     text,
    ADD COLUMN outcome         text CHECK (outcome IN ('accepted', 'declined', 'not-ours')),
    ADD COLUMN outcome_reason  text,
    ADD COLUMN shelved_until   timestamptz,
    ADD COLUMN shelved_reason  text,
    ADD COLUMN closed_at       timestamptz,
    ADD COLUMN inhibited_by    uuid REFERENCES alert,
    ADD COLUMN due_at          timestamptz,
    ADD COLUMN sounded         int NOT NULL DEFAULT 0,
    ADD COLUMN presented       int NOT NULL DEFAULT 1,
    ADD COLUMN ladder          jsonb NOT NULL DEFAULT
        '{"policy": 0, "acknowledge_within": 300, "lasts": 1800, "rungs": [], "supervisors": []}',
    ADD COLUMN ladder_since    timestamptz,
    ADD COLUMN ladder_step     int NOT NULL DEFAULT 0,
    ADD COLUMN dispute         text CHECK (dispute IN ('open', 'told'));
COMMENT ON COLUMN alert_desk.state IS
    'returned: ended before anybody acknowledged it. cleared: ended, acknowledged, no outcome yet. closed: all three.';
COMMENT ON COLUMN alert_desk.ladder IS
    'Snapshot of the policy and the registry when it was raised: an edit of them changes no escalation that runs.';
COMMENT ON COLUMN alert_desk.due_at IS 'When it sounds again: limit to acknowledge, end of an acknowledgement or shelf.';
COMMENT ON COLUMN alert_desk.inhibited_by IS 'The more urgent alert of the same crisis for which it keeps quiet.';

ALTER TABLE alert_log DROP CONSTRAINT alert_log_transition_check;
ALTER TABLE alert_log ADD CONSTRAINT alert_log_transition_check CHECK (transition IN
    ('raised', 'worsened', 'annotated', 'delivered', 'sounded-again', 'escalated', 'disputed', 'inhibited', 'released',
     'acknowledged', 'claimed', 'taken-over', 'handed-over', 'accepted', 'declined', 'not-ours', 'noted',
     'shelved', 'unshelved', 'returned', 'cleared', 'closed'));

ALTER TABLE deadline DROP CONSTRAINT deadline_kind_check;
ALTER TABLE deadline ADD CONSTRAINT deadline_kind_check CHECK (kind IN ('episode', 'feed', 'alert'));
-- Standing alerts of the former version sound again when their time to acknowledge is over, as every other does.
UPDATE alert_desk SET due_at = acknowledge_by WHERE state IN ('raised', 'delivered');
INSERT INTO deadline (kind, subject, zone, due_at)
SELECT 'alert', a.alert_id::text, a.zone, min(d.due_at) FROM alert a JOIN alert_desk d USING (alert_id)
 WHERE a.cleared_at IS NULL AND d.due_at IS NOT NULL GROUP BY a.alert_id, a.zone;
