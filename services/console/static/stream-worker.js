// @ts-check
/// <reference lib="webworker" />
/** One live stream for all tabs of a desk: a browser allows six connections to an origin, and tabs would use them up. */

/** @typedef {{source: EventSource | null, last: number, ports: Set<MessagePort>}} Stream */

/** @type {Map<string, Stream>} */
const streams = new Map();

/** @param {string} desk @param {Stream} stream */
function open(desk, stream) {
  stream.source?.close();
  const source = new EventSource(`/desks/${encodeURIComponent(desk)}/stream?after=${stream.last}`);
  stream.source = source;
  for (const kind of ["alert", "heartbeat"]) {
    source.addEventListener(kind, (event) => {
      stream.last = Math.max(stream.last, Number(event.lastEventId));
      for (const port of stream.ports) port.postMessage({ kind, data: event.data });
    });
  }
  source.onerror = () => {
    for (const port of stream.ports) port.postMessage({ kind: "lost", data: "" });
    // an HTTP error ends an EventSource for good; a cut connection it mends by itself
    if (source.readyState === EventSource.CLOSED) {
      setTimeout(() => stream.source === source && stream.ports.size && open(desk, stream), 1000);
    }
  };
}

self.addEventListener("connect", (event) => {
  const port = /** @type {MessageEvent} */ (event).ports[0];
  port.onmessage = ({ data }) => {
    const stream = streams.get(data.desk) ?? { source: null, last: data.after, ports: new Set() };
    streams.set(data.desk, stream);
    if (data.leave) {
      stream.ports.delete(port);
      if (!stream.ports.size) {
        stream.source?.close();
        streams.delete(data.desk);
      }
      return;
    }
    stream.ports.add(port);
    // a repeat is harmless: a tab passes over what it has
    stream.last = Math.min(stream.last, data.after);
    open(data.desk, stream);
  };
  port.start();
});
