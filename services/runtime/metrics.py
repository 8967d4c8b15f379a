"""Every metric in one place: base units, bounded labels (feeds, rules, states and reasons are
closed sets).
"""

from __future__ import annotations

from prometheus_client import Counter, Gauge, Histogram

LATENCY_BUCKETS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60)

EVENTS_RECEIVED = Counter(
    "liaison_events_received_total", "Records read from feed topics.", ["feed"]
)
EVENTS_ACCEPTED = Counter("liaison_events_accepted_total", "Events accepted and new.", ["feed"])
EVENTS_REPEATED = Counter(
    "liaison_events_repeated_total", "Records that were seen before; harmless.", ["feed"]
)
EVENTS_REJECTED = Counter(
    "liaison_events_rejected_total", "Records quarantined, by reason.", ["feed", "reason"]
)
FIELDS_LEFT_OUT = Counter(
    "liaison_fields_left_out_total",
    "Optional fields that could not be read and were left out of an event that counts.",
    ["feed", "field"],
)
BATCH_SECONDS = Histogram(
    "liaison_batch_seconds", "Time of a batch's transaction.", buckets=LATENCY_BUCKETS
)
BATCH_RECORDS = Histogram(
    "liaison_batch_records",
    "Records in a batch.",
    buckets=(1, 2, 5, 10, 25, 50, 100, 250, 500, 1000),
)
BATCH_FAILURES = Counter(
    "liaison_batch_failures_total", "Attempts at a batch that failed and were repeated."
)
LAG_RECORDS = Gauge(
    "liaison_lag_records", "Records in the topic that are not in the ledger.", ["topic"]
)
LAG_SECONDS = Gauge(
    "liaison_lag_seconds", "Age of the last batch's oldest record when it was committed."
)
HOLES = Counter("liaison_holes_total", "Holes in the stream that were found.", ["topic"])
GAP_FILLED = Counter(
    "liaison_gap_filled_records_total", "Records read straight from Kafka to fill holes.", ["topic"]
)
LOG_TROUBLES = Counter(
    "liaison_log_troubles_total",
    "Times that a feed was stopped because of how its log stands in Kafka: hole, unreadable, cut.",
    ["feed", "kind"],
)
LOG_CHANGES = Counter(
    "liaison_log_changes_total",
    "Times that a partition was found to be another log and is read anew: recreated, truncated,"
    " shorter, elected.",
    ["feed", "kind"],
)
FEED_SILENT = Gauge("liaison_feed_silent", "1 while a feed is silent or stopped.", ["feed"])
CRISES_BOUNDED = Counter(
    "liaison_crises_bounded_total",
    "Times that a crisis took no further incidents by place, being as large as it may.",
)
EPISODES_BOUNDED = Counter(
    "liaison_episodes_bounded_total",
    "The same under its former name, for one release: use liaison_crises_bounded_total.",
)
EVIDENCE_ASKED = Counter(
    "liaison_evidence_asked_total",
    "Descriptions of whom it is not sure, by the one item that would decide it.",
    ["item"],
)
CRISES_PARKED = Counter(
    "liaison_crises_parked_total", "Times that a crisis could not be judged and was set aside."
)
PARKED = Gauge("liaison_parked_crises", "Crises that cannot be judged and wait to be tried again.")
PARKED_OLDEST_SECONDS = Gauge(
    "liaison_parked_oldest_seconds", "How long the crisis that has waited longest is parked."
)
FEED_LOOK_FAILURES = Counter(
    "liaison_feed_look_failures_total", "Looks at a feed's health that failed.", ["feed"]
)
DEADLINE_OVERDUE_SECONDS = Gauge(
    "liaison_deadline_overdue_seconds", "How late the oldest due deadline is."
)
DEADLINES_TAKEN = Counter("liaison_deadlines_taken_total", "Deadlines looked at.")
ALERT_TRANSITIONS = Counter(
    "liaison_alert_transitions_total", "Changes of alerts.", ["rule", "transition"]
)
EVENT_TO_ALERT_SECONDS = Histogram(
    "liaison_event_to_alert_seconds",
    "From the Kafka timestamp of a batch's oldest record to the commit of the alerts it raised.",
    buckets=LATENCY_BUCKETS,
)
ALARMS_PRESENTED = Counter(
    "liaison_alarms_presented_total",
    "New alarms given to a desk; a repetition is none.",
    ["desk", "urgency"],
)
REALARMS = Counter(
    "liaison_alarms_sounded_again_total",
    "Alarms that sounded again unanswered.",
    ["desk", "urgency"],
)
ESCALATIONS = Counter(
    "liaison_escalations_total", "Rungs of a ladder that were taken.", ["level", "urgency"]
)
ANSWERS = Counter("liaison_alert_answers_total", "Outcomes that desks gave.", ["rule", "outcome"])
CHATTERING = Counter(
    "liaison_alarms_chattering_total", "Alarms new three times within a minute at a desk.", ["rule"]
)
ALARMS_STANDING = Gauge(
    "liaison_alarms_standing", "Alerts that stand unanswered at a desk, by age.", ["desk", "age"]
)
FLOOD = Gauge(
    "liaison_alarm_flood",
    "1 while a desk is flooded: from over 10 in 10 minutes until under 5.",
    ["desk"],
)
AUDITOR_HEARTBEAT = Gauge(
    "liaison_escalation_auditor_heartbeat_timestamp_seconds",
    "When the auditor last found no step of any escalation overdue. It stops when one is.",
)
ESCALATION_OVERDUE = Gauge(
    "liaison_escalation_overdue_steps", "Steps that should have happened, by kind.", ["fault"]
)
OUTBOX_PENDING = Gauge("liaison_outbox_pending_messages", "Messages not yet published.")
OUTBOX_OLDEST_SECONDS = Gauge(
    "liaison_outbox_oldest_seconds", "Age of the oldest message not yet published."
)
OUTBOX_PUBLISHED = Counter("liaison_outbox_published_total", "Messages published.")
OUTBOX_FAILURES = Counter("liaison_outbox_failures_total", "Attempts to publish that failed.")
CONSOLE_STREAMS = Gauge("liaison_console_streams", "Open live streams of the console.")
CONSOLE_ACKNOWLEDGED = Counter(
    "liaison_console_acknowledged_total", "Acknowledgements.", ["outcome"]
)
ACKNOWLEDGE_SECONDS = Histogram(
    "liaison_alert_acknowledge_seconds",
    "From raised to acknowledged.",
    ["urgency"],
    buckets=(5, 10, 30, 60, 120, 300, 900, 3600),
)
TRACE_REQUESTS = Counter(
    "liaison_trace_requests_total", "Questions to the national demographics service.", ["answer"]
)
TRACE_SECONDS = Histogram(
    "liaison_trace_request_seconds", "Time of a question.", buckets=LATENCY_BUCKETS
)
TRACE_FINISHED = Counter("liaison_trace_finished_total", "People traced, by outcome.", ["outcome"])
TRACE_FAILURES = Counter("liaison_trace_failures_total", "Times that tracing had to rest.")
TRACE_WAITING = Gauge("liaison_trace_waiting_people", "People who wait to be traced.")
TRACE_OLDEST_SECONDS = Gauge(
    "liaison_trace_oldest_seconds", "How late the person is who has waited longest."
)
GATEWAY_REQUESTS = Counter(
    "liaison_gateway_requests_total", "Requests of agencies.", ["route", "answer"]
)
GATEWAY_SECONDS = Histogram(
    "liaison_gateway_request_seconds", "Time of a request.", ["route"], buckets=LATENCY_BUCKETS
)
GATEWAY_EVENTS = Counter(
    "liaison_gateway_events_total",
    "Events at the door, by what became of them.",
    ["feed", "outcome"],
)
SHADOW_RUNNING = Gauge(
    "liaison_shadow_running", "1 while a candidate policy is evaluated beside the live one."
)
SHADOW_STEPS = Counter(
    "liaison_shadow_steps_total", "Steps that the candidate policy was evaluated for."
)
SHADOW_FAILURES = Counter(
    "liaison_shadow_failures_total", "Steps or starts of the candidate policy that failed."
)
MONITOR_FAILURES = Counter(
    "liaison_monitor_failures_total", "Times that the weekly look at disproportionality failed."
)
