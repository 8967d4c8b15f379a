// @ts-check
/** The live list of a desk. The server renders; this puts each article in its place and keeps focus and scroll. */

const STALE_SECONDS = 8;
const desk = /** @type {HTMLElement} */ (document.getElementById("desk"));
const list = /** @type {HTMLElement} */ (document.getElementById("alerts"));
const name = desk.dataset.desk ?? "";
const cap = Number(desk.dataset.cap);
/** @type {Record<string, string>} */
const text = JSON.parse(desk.dataset.text ?? "{}");
let after = Number(desk.dataset.after);
let ahead = Date.parse(desk.dataset.now ?? "") - Date.now();
let heard = Date.now();
let lost = false;
let connected = false;

/** @param {string} id */
const byId = (id) => /** @type {HTMLElement} */ (document.getElementById(id));
/** @param {string} alert */
const rowOf = (alert) => /** @type {HTMLElement | null} */ (list.querySelector(`li[data-alert="${CSS.escape(alert)}"]`));
/** @param {string} pattern @param {Record<string, string | number>} values */
const fill = (pattern, values) => pattern.replace(/\{(\w+)\}/g, (_, key) => String(values[key] ?? ""));

/** @param {{alert: string, sequence: number, order: string, html: string | null}} change */
function place(change) {
  const old = rowOf(change.alert);
  if (old && Number(old.dataset.sequence) >= change.sequence) return;
  const held = old?.contains(document.activeElement)
    ? /** @type {HTMLElement} */ (document.activeElement).dataset.focus ?? "article"
    : null;
  if (change.html === null) {
    const near = old?.nextElementSibling ?? old?.previousElementSibling;
    old?.remove();
    if (held) focusIn(near, "article");
  } else {
    const row = document.createElement("li");
    row.dataset.alert = change.alert;
    row.dataset.order = change.order;
    row.dataset.sequence = String(change.sequence);
    row.innerHTML = change.html;
    old?.remove();
    const next = [...list.children].find((other) => (/** @type {HTMLElement} */ (other).dataset.order ?? "") > change.order);
    list.insertBefore(row, next ?? null);
    if (held) focusIn(row, held);
    if (!old) announce(row);
  }
  while (list.children.length > cap) list.lastElementChild?.remove();
  byId("none").hidden = list.children.length > 0;
  tick();
}

/** @param {Element | null | undefined} row @param {string} what */
function focusIn(row, what) {
  const target = row?.querySelector(`[data-focus="${what}"]`) ?? row?.querySelector("article");
  if (target instanceof HTMLElement) target.focus({ preventScroll: true });
}

/** @param {HTMLElement} row */
function announce(row) {
  const urgency = row.querySelector(".urgency")?.textContent?.trim() ?? "";
  const region = byId(row.querySelector(".p1") ? "say-urgent" : "say");
  region.textContent = fill(text.new, { urgency, title: row.querySelector("h2")?.textContent ?? "" });
}

/** @param {{now: string, last: number, ledger: boolean, feeds: {name: string, since: string}[] | null, total: number | null}} said */
function beat(said) {
  ahead = Date.parse(said.now) - Date.now();
  after = Math.max(after, said.last);
  byId("ledger").hidden = said.ledger;
  if (said.feeds) {
    byId("feeds").hidden = said.feeds.length === 0;
    byId("feed-list").replaceChildren(
      ...said.feeds.map((feed) => Object.assign(document.createElement("li"), { textContent: `${feed.name}: ${feed.since}` })),
    );
  }
  if (said.total !== null && Math.min(said.total, cap) !== list.children.length) void renew();
}

/** Fetch the list anew: when more alerts stand than are shown, or the numbers do not agree. */
async function renew() {
  const answer = await fetch(`/desks/${encodeURIComponent(name)}`).catch(() => null);
  if (!answer?.ok) return;
  const page = new DOMParser().parseFromString(await answer.text(), "text/html");
  const fresh = [.../** @type {NodeListOf<HTMLElement>} */ (page.querySelectorAll("#alerts > li"))];
  const kept = new Set(fresh.map((row) => row.dataset.alert));
  for (const row of /** @type {HTMLElement[]} */ ([...list.children])) if (!kept.has(row.dataset.alert)) row.remove();
  for (const row of fresh) {
    place({ alert: row.dataset.alert ?? "", sequence: Number(row.dataset.sequence), order: row.dataset.order ?? "", html: row.innerHTML });
  }
  const capped = page.getElementById("capped");
  if (capped) {
    byId("capped").hidden = capped.hidden;
    byId("capped").textContent = capped.textContent;
  }
  byId("none").hidden = list.children.length > 0;
}

/** @param {string} kind @param {string} data */
function take(kind, data) {
  if (kind === "lost") {
    lost = true;
    return;
  }
  lost = false;
  connected = true;
  heard = Date.now();
  if (kind === "alert") {
    const change = JSON.parse(data);
    after = Math.max(after, change.sequence);
    place(change);
  } else beat(JSON.parse(data));
  tick();
}

/** @param {number} seconds */
function span(seconds) {
  const whole = Math.floor(Math.abs(seconds));
  const hours = Math.floor(whole / 3600);
  const minutes = Math.floor((whole % 3600) / 60);
  return hours ? `${hours} h ${minutes} min` : minutes ? `${minutes} min ${whole % 60} s` : `${whole} s`;
}

function tick() {
  const silent = Math.floor((Date.now() - heard) / 1000);
  const stale = silent > STALE_SECONDS;
  const banner = byId("stale");
  const words = fill(lost ? text.lost : text.stale, { n: silent });
  if (banner.hidden === stale) banner.hidden = !stale;
  // a screen reader hears the banner once, not each second
  if (stale) banner.textContent = banner.dataset.kind === String(lost) ? banner.textContent : words;
  banner.dataset.kind = stale ? String(lost) : "";
  byId("live").classList.toggle("bad", stale || lost);
  if (connected || stale) byId("live-text").textContent = stale || lost ? words : fill(text.live, { n: silent });
  const now = Date.now() + ahead;
  for (const clock of /** @type {NodeListOf<HTMLElement>} */ (document.querySelectorAll(".countdown"))) {
    const left = (Date.parse(clock.dataset.until ?? "") - now) / 1000;
    clock.textContent = `(${fill(left < 0 ? text.over : text.left, { t: span(left) })})`;
    clock.classList.toggle("over", left < 0);
  }
}

/** @param {HTMLFormElement} form */
async function acknowledge(form) {
  const button = form.querySelector("button");
  const said = form.querySelector(".said");
  if (button?.getAttribute("aria-disabled") === "true") return;
  button?.setAttribute("aria-disabled", "true");
  const answer = await fetch(form.action, {
    method: "POST",
    headers: { Accept: "application/json", "X-CSRF-Token": desk.dataset.csrf ?? "" },
  }).catch(() => null);
  if (answer?.ok) return; // the stream brings the row as it is now
  button?.removeAttribute("aria-disabled");
  const reason = await answer?.json().catch(() => null);
  if (said) said.textContent = reason?.message ?? text.failed;
}

list.addEventListener("submit", (event) => {
  event.preventDefault();
  void acknowledge(/** @type {HTMLFormElement} */ (event.target));
});

list.addEventListener("keydown", (event) => {
  const row = /** @type {HTMLElement} */ (event.target).closest("li");
  if (event.altKey && event.code === "KeyA") {
    const form = row?.querySelector("article form");
    event.preventDefault();
    if (form instanceof HTMLFormElement) void acknowledge(form);
  } else if ((event.key === "ArrowDown" || event.key === "ArrowUp") && !event.altKey && !event.ctrlKey && !event.metaKey) {
    const next = event.key === "ArrowDown" ? row?.nextElementSibling : row?.previousElementSibling;
    const article = next?.querySelector("article");
    if (article) {
      event.preventDefault();
      article.focus();
    }
  }
});

function connect() {
  if (typeof SharedWorker === "function") {
    const port = new SharedWorker("/static/stream-worker.js", { name: "liaison" }).port;
    port.onmessage = ({ data }) => take(data.kind, data.data);
    port.postMessage({ desk: name, after });
    addEventListener("pagehide", () => port.postMessage({ desk: name, leave: true }));
    return;
  }
  const source = new EventSource(`/desks/${encodeURIComponent(name)}/stream?after=${after}`);
  for (const kind of ["alert", "heartbeat"]) source.addEventListener(kind, (event) => take(kind, event.data));
  source.onerror = () => {
    take("lost", "");
    if (source.readyState === EventSource.CLOSED) setTimeout(connect, 1000);
  };
}

addEventListener("pageshow", (event) => event.persisted && location.reload());
connect();
setInterval(tick, 1000);
tick();
