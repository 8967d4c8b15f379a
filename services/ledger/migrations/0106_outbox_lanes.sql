-- Messages leave in the order in which they were written, each topic by itself: what was written in one transaction had one time.
CREATE SEQUENCE outbox_place;
ALTER TABLE outbox ADD COLUMN place bigint;
UPDATE outbox o SET place = w.place
  FROM (SELECT message_id, nextval('outbox_place') AS place
          FROM (SELECT message_id FROM outbox WHERE published_at IS NULL ORDER BY created_at, message_id) x) w
 WHERE w.message_id = o.message_id;
ALTER TABLE outbox ALTER COLUMN place SET DEFAULT nextval('outbox_place');
ALTER SEQUENCE outbox_place OWNED BY outbox.place;
CREATE INDEX outbox_lane ON outbox (topic, place) INCLUDE (created_at) WHERE published_at IS NULL;
DROP INDEX outbox_pending;
COMMENT ON COLUMN outbox.place IS 'In the order of writing. NULL: published before there was an order.';
