-- The word is crisis: an episode of care is something else to the NHS.
ALTER TABLE episode RENAME TO crisis;
ALTER TABLE crisis RENAME COLUMN episode_id TO crisis_id;
ALTER INDEX episode_pkey RENAME TO crisis_pkey;
COMMENT ON COLUMN crisis.dissolved_at IS 'All its incidents went to other crises (joined).';

ALTER TABLE incident RENAME COLUMN episode_id TO crisis_id;
ALTER INDEX incident_episode RENAME TO incident_crisis;
ALTER TABLE alert RENAME COLUMN episode_id TO crisis_id;
ALTER INDEX alert_episode RENAME TO alert_crisis;
ALTER TABLE break_glass RENAME COLUMN episode_id TO crisis_id;
ALTER TABLE crisis_tally RENAME COLUMN episode_id TO crisis_id;
ALTER TABLE shadow_alert RENAME COLUMN episode_id TO crisis_id;
ALTER INDEX shadow_alert_episode RENAME TO shadow_alert_crisis;
ALTER TABLE shadow_deadline RENAME COLUMN episode_id TO crisis_id;

ALTER TABLE deadline DROP CONSTRAINT deadline_kind_check;
UPDATE deadline SET kind = 'crisis' WHERE kind = 'episode';
ALTER TABLE deadline ADD CONSTRAINT deadline_kind_check CHECK (kind IN ('crisis', 'feed', 'alert', 'monitor'));
COMMENT ON TABLE deadline IS 'The next instant at which a crisis, feed, alert or monitor must be looked at again.';
