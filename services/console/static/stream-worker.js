// @ts-check
/// <reference lib="webworker" />
/**
 * One live stream for all tabs of a list: a browser allows six connections to an origin, and tabs would use them up. It also
 * ticks, since the timers of a hidden tab are held back and an alert must sound from a hidden tab too.
 */

/** @typedef {{source: EventSource | null, last: number, ports: Set<MessagePort>}} Stream */

/** @type {Map<string, Stream>} */
const streams = new Map();

/** @param {Stream} stream @param {string} kind @param {string} data */
function tell(stream, kind, data) {
  for (const port of stream.ports) port.postMessage({ kind, data });
}

/** @param {string} url @param {Stream} stream */
function open(url, stream) {
  stream.source?.close();
  const source = new EventSource(`${url}${url.includes("?") ? "&" : "?"}after=${stream.last}`);
  stream.source = source;
  for (const kind of ["alert", "heartbeat"]) {
    source.addEventListener(kind, (event) => {
      stream.last = Math.max(stream.last, Number(event.lastEventId));
      tell(stream, kind, event.data);
    });
  }
  source.addEventListener("over", (event) => {
    source.close();
    tell(stream, "over", event.data);
  });
  source.onerror = () => {
    tell(stream, "lost", "");
    // an HTTP error ends an EventSource for good; a cut connection it mends by itself
    if (source.readyState === EventSource.CLOSED) {
      tell(stream, "refused", "");
      setTimeout(() => stream.source === source && stream.ports.size && open(url, stream), 1000);
    }
  };
}

self.addEventListener("connect", (event) => {
  const port = /** @type {MessageEvent} */ (event).ports[0];
  port.onmessage = ({ data }) => {
    const stream = streams.get(data.url) ?? { source: null, last: data.after, ports: new Set() };
    streams.set(data.url, stream);
    if (data.leave) {
      stream.ports.delete(port);
      if (!stream.ports.size) {
        stream.source?.close();
        streams.delete(data.url);
      }
      return;
    }
    stream.ports.add(port);
    // a repeat is harmless: a tab passes over what it has
    stream.last = Math.min(stream.last, data.after);
    open(data.url, stream);
  };
  port.start();
});

setInterval(() => {
  for (const stream of streams.values()) tell(stream, "tick", "");
}, 1000);
