"""Every metric in one place, with the services that export it: base units, bounded labels (feeds,
rules, states and reasons are closed sets). Each is in an alert rule or on a dashboard under deploy/.
"""

from __future__ import annotations

from prometheus_client import Counter, Gauge, Histogram

from services.runtime.exposition.registries import exported_by

STREAM = exported_by("stream")
RELAY = exported_by("relay")
AUDITOR = exported_by("auditor")
CONSOLE = exported_by("console")
GATEWAY = exported_by("gateway")
TRACE = exported_by("trace")
STREAM_AND_CONSOLE = exported_by("stream", "console")
STREAM_AND_GATEWAY = exported_by("stream", "gateway")
LOOPING = exported_by("stream", "relay", "auditor", "trace")

LATENCY_BUCKETS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60)

EVENTS_RECEIVED = Counter(
    "liaison_events_received_total", "Records read from feed topics.", ["feed"], registry=STREAM
)
EVENTS_ACCEPTED = Counter(
    "liaison_events_accepted_total", "Events accepted and new.", ["feed"], registry=STREAM
)
EVENTS_REPEATED = Counter(
    "liaison_events_repeated_total",
    "Records that were seen before; harmless.",
    ["feed"],
    registry=STREAM,
)
EVENTS_REJECTED = Counter(
    "liaison_events_rejected_total",
    "Records quarantined, by reason.",
    ["feed", "reason"],
    registry=STREAM,
)
FIELDS_LEFT_OUT = Counter(
    "liaison_fields_left_out_total",
    "Optional fields that could not be read and were left out of an event that counts.",
    ["feed", "field"],
    registry=STREAM_AND_GATEWAY,
)
BATCH_SECONDS = Histogram(
    "liaison_batch_seconds",
    "Time of a batch's transaction.",
    buckets=LATENCY_BUCKETS,
    registry=STREAM,
)
BATCH_RECORDS = Histogram(
    "liaison_batch_records",
    "Records in a batch.",
    buckets=(1, 2, 5, 10, 25, 50, 100, 250, 500, 1000),
    registry=STREAM,
)
BATCH_FAILURES = Counter(
    "liaison_batch_failures_total",
    "Attempts at a batch that failed and were repeated.",
    registry=STREAM,
)
LAG_RECORDS = Gauge(
    "liaison_lag_records",
    "Records in the topic that are not in the ledger.",
    ["topic", "partition"],
    registry=STREAM,
)
LAG_SECONDS = Gauge(
    "liaison_lag_seconds",
    "Age of the last batch's oldest record when it was committed.",
    registry=STREAM,
)
HOLES = Counter(
    "liaison_holes_total", "Holes in the stream that were found.", ["topic"], registry=STREAM
)
GAP_FILLED = Counter(
    "liaison_gap_filled_records_total",
    "Records read straight from Kafka to fill holes.",
    ["topic"],
    registry=STREAM,
)
LOG_TROUBLES = Counter(
    "liaison_log_troubles_total",
    "Times that a feed was stopped because of how its log stands in Kafka: hole, unreadable, cut.",
    ["feed", "kind"],
    registry=STREAM,
)
LOG_CHANGES = Counter(
    "liaison_log_changes_total",
    "Times that a partition was found to be another log and is read anew: recreated, truncated,"
    " shorter, elected.",
    ["feed", "kind"],
    registry=STREAM,
)
FEED_SILENT = Gauge(
    "liaison_feed_silent", "1 while a feed is silent or stopped.", ["feed"], registry=STREAM
)
CRISES_BOUNDED = Counter(
    "liaison_crises_bounded_total",
    "Times that a crisis took no further incidents by place, being as large as it may.",
    registry=STREAM,
)
EVIDENCE_ASKED = Counter(
    "liaison_evidence_asked_total",
    "Descriptions of whom it is not sure, by the one item that would decide it.",
    ["item"],
    registry=STREAM,
)
CRISES_PARKED = Counter(
    "liaison_crises_parked_total",
    "Times that a crisis could not be judged and was set aside.",
    registry=STREAM,
)
PARKED = Gauge(
    "liaison_parked_crises",
    "Crises that cannot be judged and wait to be tried again.",
    registry=AUDITOR,
)
PARKED_OLDEST_SECONDS = Gauge(
    "liaison_parked_oldest_seconds",
    "How long the crisis that has waited longest is parked.",
    registry=AUDITOR,
)
FEED_LOOK_FAILURES = Counter(
    "liaison_feed_look_failures_total",
    "Looks at a feed's health that failed.",
    ["feed"],
    registry=STREAM,
)
DEADLINE_OVERDUE_SECONDS = Gauge(
    "liaison_deadline_overdue_seconds",
    "How late the oldest due deadline in the ledger is, whether or not anybody takes deadlines.",
    registry=AUDITOR,
)
LOOP_ENDED = Gauge(
    "liaison_loop_ended_timestamp_seconds",
    "When a loop of the service last ended a round without a failure; at first, when it started.",
    ["loop"],
    registry=LOOPING,
)
DEADLINES_TAKEN = Counter("liaison_deadlines_taken_total", "Deadlines looked at.", registry=STREAM)
ALERT_TRANSITIONS = Counter(
    "liaison_alert_transitions_total",
    "Changes of alerts.",
    ["rule", "transition"],
    registry=STREAM_AND_CONSOLE,
)
EVENT_TO_ALERT_SECONDS = Histogram(
    "liaison_event_to_alert_seconds",
    "From the Kafka timestamp of a batch's oldest record to the commit of the alerts it raised.",
    buckets=LATENCY_BUCKETS,
    registry=STREAM,
)
ALARMS_PRESENTED = Counter(
    "liaison_alarms_presented_total",
    "New alarms given to a desk; a repetition is none.",
    ["desk", "urgency"],
    registry=STREAM_AND_CONSOLE,
)
REALARMS = Counter(
    "liaison_alarms_sounded_again_total",
    "Alarms that sounded again unanswered.",
    ["desk", "urgency"],
    registry=STREAM_AND_CONSOLE,
)
ESCALATIONS = Counter(
    "liaison_escalations_total",
    "Rungs of a ladder that were taken.",
    ["level", "urgency"],
    registry=STREAM_AND_CONSOLE,
)
ANSWERS = Counter(
    "liaison_alert_answers_total",
    "Outcomes that desks gave.",
    ["rule", "outcome"],
    registry=STREAM_AND_CONSOLE,
)
CHATTERING = Counter(
    "liaison_alarms_chattering_total",
    "Alarms new three times within a minute at a desk.",
    ["rule"],
    registry=STREAM_AND_CONSOLE,
)
ALARMS_STANDING = Gauge(
    "liaison_alarms_standing",
    "Alerts that stand unanswered at a desk, by age.",
    ["desk", "age"],
    registry=AUDITOR,
)
FLOOD = Gauge(
    "liaison_alarm_flood",
    "1 while a desk is flooded: from over 10 in 10 minutes until under 5.",
    ["desk"],
    registry=AUDITOR,
)
AUDITOR_HEARTBEAT = Gauge(
    "liaison_escalation_auditor_heartbeat_timestamp_seconds",
    "When the auditor last found no step of any escalation overdue. It stops when one is.",
    registry=AUDITOR,
)
ESCALATION_OVERDUE = Gauge(
    "liaison_escalation_overdue_steps",
    "Steps that should have happened, by kind.",
    ["fault"],
    registry=AUDITOR,
)
OUTBOX_PENDING = Gauge(
    "liaison_outbox_pending_messages", "Messages not yet published.", registry=RELAY
)
OUTBOX_OLDEST_SECONDS = Gauge(
    "liaison_outbox_oldest_seconds", "Age of the oldest message not yet published.", registry=RELAY
)
OUTBOX_PUBLISHED = Counter("liaison_outbox_published_total", "Messages published.", registry=RELAY)
OUTBOX_FAILURES = Counter(
    "liaison_outbox_failures_total", "Attempts to publish that failed.", registry=RELAY
)
CONSOLE_STREAMS = Gauge(
    "liaison_console_streams", "Open live streams of the console.", registry=CONSOLE
)
OUTBOX_LANE_OLDEST_SECONDS = Gauge(
    "liaison_outbox_lane_oldest_seconds",
    "Age of the oldest message not yet published, of each topic.",
    ["topic"],
    registry=RELAY,
)
CONSOLE_ACKNOWLEDGED = Counter(
    "liaison_console_acknowledged_total", "Acknowledgements.", ["outcome"], registry=CONSOLE
)
ACKNOWLEDGE_SECONDS = Histogram(
    "liaison_alert_acknowledge_seconds",
    "From raised to acknowledged.",
    ["urgency"],
    buckets=(5, 10, 30, 60, 120, 300, 900, 3600),
    registry=CONSOLE,
)
TRACE_REQUESTS = Counter(
    "liaison_trace_requests_total",
    "Questions to the national demographics service.",
    ["answer"],
    registry=TRACE,
)
TRACE_SECONDS = Histogram(
    "liaison_trace_request_seconds", "Time of a question.", buckets=LATENCY_BUCKETS, registry=TRACE
)
TRACE_FINISHED = Counter(
    "liaison_trace_finished_total", "People traced, by outcome.", ["outcome"], registry=TRACE
)
TRACE_FAILURES = Counter(
    "liaison_trace_failures_total", "Times that tracing had to rest.", registry=TRACE
)
TRACE_WAITING = Gauge(
    "liaison_trace_waiting_people", "People who wait to be traced.", registry=TRACE
)
TRACE_OLDEST_SECONDS = Gauge(
    "liaison_trace_oldest_seconds", "How late the person is who has waited longest.", registry=TRACE
)
GATEWAY_REQUESTS = Counter(
    "liaison_gateway_requests_total", "Requests of agencies.", ["route", "answer"], registry=GATEWAY
)
GATEWAY_SECONDS = Histogram(
    "liaison_gateway_request_seconds",
    "Time of a request.",
    ["route"],
    buckets=LATENCY_BUCKETS,
    registry=GATEWAY,
)
GATEWAY_EVENTS = Counter(
    "liaison_gateway_events_total",
    "Events at the door, by what became of them.",
    ["feed", "outcome"],
    registry=GATEWAY,
)
GATEWAY_NOT_LET_IN = Counter(
    "liaison_gateway_not_let_in_total",
    "Requests of somebody who is let in by no credential, by the code of the refusal.",
    ["code"],
    registry=GATEWAY,
)
GATEWAY_CREDENTIALS_UNREAD = Gauge(
    "liaison_gateway_credentials_unread",
    "1 while the credentials file that there is cannot be read, and those of before are in force.",
    registry=GATEWAY,
)
SHADOW_RUNNING = Gauge(
    "liaison_shadow_running",
    "1 while a candidate policy is evaluated beside the live one.",
    registry=STREAM,
)
SHADOW_STEPS = Counter(
    "liaison_shadow_steps_total",
    "Steps that the candidate policy was evaluated for.",
    registry=STREAM,
)
SHADOW_FAILURES = Counter(
    "liaison_shadow_failures_total",
    "Steps or starts of the candidate policy that failed.",
    registry=STREAM,
)
MONITOR_FAILURES = Counter(
    "liaison_monitor_failures_total",
    "Times that the weekly look at disproportionality failed.",
    registry=STREAM,
)
