-- The independent look at every escalation: when it last looked, and when it last found nothing overdue.
CREATE TABLE auditor (
    one        boolean PRIMARY KEY DEFAULT true CHECK (one),
    looked_at  timestamptz NOT NULL,
    healthy_at timestamptz,
    overdue    int NOT NULL,
    oldest_due timestamptz
);
COMMENT ON COLUMN auditor.healthy_at IS 'The heartbeat: it stops as soon as any step of any escalation is overdue.';
CREATE INDEX alert_log_at ON alert_log USING brin (at);
