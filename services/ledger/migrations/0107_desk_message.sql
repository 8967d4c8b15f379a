-- What desks say to each other about a crisis, and which desk has seen it. It hangs on the sender's own alert of the crisis,
-- which moves with the crisis where incidents are regrouped. Nothing of it is in any outgoing message.
CREATE TABLE desk_message (
    message_id uuid        PRIMARY KEY,
    alert_id   uuid        NOT NULL REFERENCES alert,
    desk       text        NOT NULL,
    actor      text        NOT NULL,
    words      text        NOT NULL CHECK (char_length(words) BETWEEN 1 AND 300),
    sent_at    timestamptz NOT NULL
);
CREATE INDEX desk_message_alert ON desk_message (alert_id);
CREATE TABLE desk_message_view (
    message_id uuid        NOT NULL REFERENCES desk_message,
    desk       text        NOT NULL,
    actor      text        NOT NULL,
    seen_at    timestamptz NOT NULL,
    PRIMARY KEY (message_id, desk)
);
-- One kind more than before: no row that stands can break it, so that none is looked at.
ALTER TABLE alert_log DROP CONSTRAINT alert_log_transition_check;
ALTER TABLE alert_log ADD CONSTRAINT alert_log_transition_check CHECK (transition IN
    ('raised', 'worsened', 'annotated', 'delivered', 'sounded-again', 'escalated', 'disputed', 'inhibited', 'released',
     'acknowledged', 'claimed', 'taken-over', 'handed-over', 'accepted', 'declined', 'not-ours', 'noted', 'message-waits',
     'shelved', 'unshelved', 'returned', 'cleared', 'closed')) NOT VALID;
