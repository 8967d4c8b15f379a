-- How many incidents were opened at a place on a day: what linking learns of busy places.
CREATE TABLE place_day (
    place     text    NOT NULL,
    day       date    NOT NULL,
    incidents integer NOT NULL,
    PRIMARY KEY (place, day)
);
COMMENT ON TABLE place_day IS 'Incidents opened at a place on a day (UTC), as incident.link_keys names places.';

INSERT INTO place_day (place, day, incidents)
SELECT place, (opened_at AT TIME ZONE 'UTC')::date, count(*)
  FROM incident, unnest(link_keys) AS place
 WHERE starts_with(place, 'uprn:') OR starts_with(place, 'postcode:') OR starts_with(place, 'usrn:')
 GROUP BY 1, 2;
