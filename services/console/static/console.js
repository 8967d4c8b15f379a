// @ts-check
import { actOf, keys } from "./keys.js";
import { fill, Sound, span } from "./sound.js";

/** The live list of a desk. The server renders; this puts each article in its place and keeps focus and scroll. */

const STALE_SECONDS = 8;
const SKEW_SECONDS = 5;
const HERE_SECONDS = 60;
const desk = /** @type {HTMLElement} */ (document.getElementById("desk"));
const list = /** @type {HTMLElement} */ (document.getElementById("alerts"));
const name = desk.dataset.desk ?? "";
const query = desk.dataset.query ?? "";
const live = desk.dataset.live === "1";
const cap = Number(desk.dataset.cap);
/** @type {Record<string, string>} */
const text = JSON.parse(desk.dataset.text ?? "{}");
const plain = document.title;
let after = Number(desk.dataset.after);
let ahead = Date.parse(desk.dataset.now ?? "") - Date.now();
let heard = Date.now();
let lost = false;
let connected = false;
let seenHere = Date.now();
/** Urgency of every alert that waits at this desk, also of those that the filter leaves out: they sound too. @type {Map<string, number>} */
const waiting = new Map(Object.entries(JSON.parse(desk.dataset.waiting ?? "{}")));
/** Changes that are still to be put in their places, in one go. @type {Change[]} */
let coming = [];
/** New rows since the screen reader was last told. @type {HTMLElement[]} */
let fresh = [];

/** @param {string} id */
const byId = (id) => /** @type {HTMLElement} */ (document.getElementById(id));
/** @param {string} alert */
const rowOf = (alert) => /** @type {HTMLElement | null} */ (list.querySelector(`li[data-alert="${CSS.escape(alert)}"]`));

/** @param {string} path @param {Record<string, string>} [values] */
const post = (path, values = {}) =>
  fetch(path, {
    method: "POST",
    headers: { Accept: "application/json", "X-CSRF-Token": desk.dataset.csrf ?? "" },
    body: new URLSearchParams(values),
  });

const sound = new Sound(text, (yes) => void post(`/desks/${encodeURIComponent(name)}/sound`, { heard: yes ? "yes" : "no" }).catch(() => null));

/** @typedef {{alert: string, sequence: number, order: string, html: string, listed: boolean, urgency: number, waiting: boolean}} Change */

/** The row with the focus: what a chord acts on. It stays where it is until the focus goes elsewhere. */
const selected = () => /** @type {HTMLElement | null} */ (document.activeElement?.closest("#alerts > li") ?? null);

/** What came since the last turn. */
function settle() {
  const changes = coming;
  coming = [];
  const anchor = anchored(changes.map((change) => rowOf(change.alert)));
  for (const change of changes) place(change);
  trim();
  anchor();
  showAbove();
}

/** No more rows than the page has; never the one that somebody is at. */
function trim() {
  const rows = [...list.children];
  const chosen = selected();
  for (let last = rows.length - 1; rows.length > cap && last >= 0; last -= 1) {
    if (rows[last] !== chosen) rows.splice(last, 1)[0].remove();
  }
  byId("none").hidden = rows.length > 0;
}

/** @param {Change} change */
function place(change) {
  const row = rowOf(change.alert);
  if (row && Number(row.dataset.sequence) >= change.sequence) return;
  if (!row) {
    if (change.listed) add(change);
    return;
  }
  const focused = row.contains(document.activeElement)
    ? /** @type {HTMLElement} */ (document.activeElement).dataset.focus ?? "article"
    : null;
  if (!change.listed && !focused) {
    row.remove();
    return;
  }
  fillRow(row, change);
  if (focused) {
    // its place, or its end, waits until the focus leaves it (`leave`)
    row.dataset.leaving = change.listed ? "" : "1";
    focusIn(row, focused);
  } else list.insertBefore(row, following(change.order, row));
}

/** @param {Change} change */
function add(change) {
  const row = document.createElement("li");
  row.dataset.alert = change.alert;
  fillRow(row, change);
  list.insertBefore(row, following(change.order, null));
  announce(row);
}

/** @param {HTMLElement} row @param {Change} change */
function fillRow(row, change) {
  row.dataset.order = change.order;
  row.dataset.sequence = String(change.sequence);
  row.innerHTML = change.html;
}

/** The first row that comes after. All rows but the selected one are in order, so halving finds it. @param {string} order @param {HTMLElement | null} moving */
function following(order, moving) {
  const held = selected();
  const rows = /** @type {HTMLElement[]} */ ([...list.children]).filter((row) => row !== held && row !== moving);
  let low = 0;
  let high = rows.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((rows[middle].dataset.order ?? "") > order) high = middle;
    else low = middle + 1;
  }
  const next = rows[low] ?? null;
  // beside the selected row, which does not move: above it where it is the more urgent
  const beside = next ? next.previousElementSibling : list.lastElementChild;
  if (held && beside === held && held !== moving && (held.dataset.order ?? "") > order) return held;
  return next;
}

/** The focus has left this row: it goes where it belongs now. @param {HTMLElement} row */
function leave(row) {
  if (!row.isConnected || row === selected()) return;
  const anchor = anchored([row]);
  if (row.dataset.leaving === "1") row.remove();
  else list.insertBefore(row, following(row.dataset.order ?? "", row));
  byId("none").hidden = list.children.length > 0;
  anchor();
}

/** What is read stays where it is: the selected row, or the first under the reader's eyes, does not move on the screen. @param {(Element | null)[]} moving */
function anchored(moving) {
  const chosen = selected();
  // at the top with nothing selected, what is new and urgent is what is to be seen
  if (scrollY === 0 && !chosen) return () => {};
  const row = chosen ?? [...list.children].find((li) => !moving.includes(li) && li.getBoundingClientRect().bottom > 0);
  const before = row?.getBoundingClientRect().top;
  return () => {
    if (!row?.isConnected || before === undefined) return;
    const moved = row.getBoundingClientRect().top - before;
    if (moved) scrollBy({ top: moved, behavior: "instant" });
    if (chosen) intoView(chosen);
  };
}

/** Whether a person sees it: on the screen, and not behind the line about what came above. @param {Element} part */
function inView(part) {
  const note = byId("above");
  const { top, bottom } = part.getBoundingClientRect();
  return top >= (note.hidden ? 0 : note.getBoundingClientRect().bottom) && bottom <= innerHeight;
}

/** The head of a row that somebody is at is on the screen. @param {Element} row */
function intoView(row) {
  const head = row.querySelector("header");
  if (head && !inView(head)) head.scrollIntoView({ block: "nearest", behavior: "instant" });
}

/** Whether the person sees what a chord would act on: the head of its row, or the very button they are at. @param {Element} row @param {Element} at */
function inSight(row, at) {
  const head = row.querySelector("header");
  return (head !== null && inView(head)) || (!at.matches("article") && inView(at));
}

/** What came above the screen while somebody is at a row further down: said in one line that leads there. */
function showAbove() {
  const rows = /** @type {HTMLElement[]} */ ([...list.querySelectorAll("li[data-new]")]);
  for (const row of rows) if (row.getBoundingClientRect().bottom > 0) delete row.dataset.new;
  const above = rows.filter((row) => row.dataset.new);
  const note = byId("above");
  note.hidden = above.length === 0;
  if (above.length === 0) return;
  note.classList.toggle("p1", above[0].querySelector(".p1") !== null);
  note.textContent = fill(text.above, { n: above.length, ...wordsOf(above[0]) });
}

/** @param {HTMLElement} row */
function wordsOf(row) {
  const urgency = row.querySelector(".urgency")?.textContent?.replace(/\s+/g, " ").trim() ?? "";
  return { urgency, title: row.querySelector("h2")?.textContent ?? "" };
}

/** @param {Element | null | undefined} row @param {string} what */
function focusIn(row, what) {
  const target = row?.querySelector(`[data-focus="${what}"]`) ?? row?.querySelector("article");
  if (target instanceof HTMLElement) target.focus({ preventScroll: true });
}

/** In a flood a screen reader hears how many there are and the most urgent, not each. @param {HTMLElement} row */
function announce(row) {
  if (row.querySelector('article[data-waiting="1"]')) row.dataset.new = "1";
  fresh.push(row);
  if (fresh.length > 1) return;
  setTimeout(() => {
    const told = fresh;
    fresh = [];
    told.sort((a, b) => ((a.dataset.order ?? "") < (b.dataset.order ?? "") ? -1 : 1));
    byId(told[0].querySelector(".p1") ? "say-urgent" : "say").textContent = fill(told.length > 1 ? text.new_many : text.new, { n: told.length, ...wordsOf(told[0]) });
  }, 150);
}

/** @param {{now: string, wall: string, last: number, ledger: boolean, feeds: {name: string, since: string, at: string}[] | null, total: number | null}} said */
function beat(said) {
  ahead = Date.parse(said.now) - Date.now();
  after = Math.max(after, said.last);
  byId("ledger").hidden = said.ledger;
  const skew = Math.round(Math.abs(Date.parse(said.wall) - Date.now()) / 1000);
  byId("skew").hidden = skew < SKEW_SECONDS;
  if (skew >= SKEW_SECONDS) byId("skew").textContent = fill(text.skew, { n: skew });
  if (said.feeds) {
    byId("feeds").hidden = said.feeds.length === 0;
    byId("feed-list").replaceChildren(
      ...said.feeds.map((feed) => {
        const row = Object.assign(document.createElement("li"), { textContent: `${feed.name}: ${feed.since}` });
        row.dataset.at = feed.at;
        row.append(Object.assign(document.createElement("span"), { className: "ago" }));
        return row;
      }),
    );
  }
  if (said.total !== null && Math.min(said.total, cap) !== listed()) void renew();
}

/** Rows of the list, without one that has left it and is only still looked at. */
const listed = () => list.querySelectorAll(':scope > li:not([data-leaving="1"])').length;

/** Fetch the list anew: when more alerts stand than are shown, or the numbers do not agree. */
async function renew() {
  const answer = await fetch(`/desks/${encodeURIComponent(name)}${query}`).catch(() => null);
  if (!answer?.ok) return;
  if (answer.redirected) {
    location.reload();
    return;
  }
  const page = new DOMParser().parseFromString(await answer.text(), "text/html");
  const rows = [.../** @type {NodeListOf<HTMLElement>} */ (page.querySelectorAll("#alerts > li"))];
  const kept = new Set(rows.map((row) => row.dataset.alert));
  for (const row of /** @type {HTMLElement[]} */ ([...list.children])) {
    if (kept.has(row.dataset.alert)) row.dataset.leaving = "";
    else if (row === selected()) row.dataset.leaving = "1";
    else row.remove();
  }
  waiting.clear();
  const said = page.getElementById("desk")?.dataset.waiting ?? "{}";
  for (const [alert, urgency] of Object.entries(JSON.parse(said))) waiting.set(alert, urgency);
  coming.push(
    ...rows.map((row) => ({
      alert: row.dataset.alert ?? "", sequence: Number(row.dataset.sequence), order: row.dataset.order ?? "", html: row.innerHTML,
      listed: true, urgency: 0, waiting: false,
    })),
  );
  settle();
  const capped = page.getElementById("capped");
  if (capped) {
    byId("capped").hidden = capped.hidden;
    byId("capped").textContent = capped.textContent;
  }
  sounding();
}

function sounding() {
  const most = waiting.size ? Math.min(...waiting.values()) : 0;
  document.title = waiting.size ? fill(text.title, { n: waiting.size }) + plain : plain;
  sound.wanted(most);
}

/** @param {string} kind @param {string} data */
function take(kind, data) {
  if (kind === "tick") {
    tick();
    return;
  }
  if (kind === "over" || kind === "gone") {
    // locked, signed out or no longer allowed: the page that the server gives now says which
    location.reload();
    return;
  }
  if (kind === "refused") {
    void fetch(`/desks/${encodeURIComponent(name)}/pulse`, { method: "HEAD" }).then((answer) => [401, 403].includes(answer.status) && location.reload(), () => null);
    return;
  }
  if (kind === "lost") {
    lost = true;
    return;
  }
  lost = false;
  connected = true;
  heard = Date.now();
  if (kind === "alert") {
    /** @type {Change} */
    const change = JSON.parse(data);
    after = Math.max(after, change.sequence);
    const known = waiting.has(change.alert);
    if (change.waiting) waiting.set(change.alert, change.urgency);
    else waiting.delete(change.alert);
    if (coming.push(change) === 1) setTimeout(settle);
    if (change.waiting && !known) sound.fresh(change.urgency);
    sounding();
  } else beat(JSON.parse(data));
}

function tick() {
  if (!live) return;
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
  for (const row of /** @type {NodeListOf<HTMLElement>} */ (document.querySelectorAll("#feed-list li"))) {
    const ago = row.querySelector(".ago");
    if (ago && row.dataset.at) ago.textContent = `, ${fill(text.since, { t: span((now - Date.parse(row.dataset.at ?? "")) / 1000) })}`;
  }
  sound.tick();
}

/** @param {HTMLFormElement} form */
async function send(form) {
  const button = form.querySelector("button");
  const said = form.closest("article")?.querySelector(".said");
  if (button?.getAttribute("aria-disabled") === "true") return;
  button?.setAttribute("aria-disabled", "true");
  const answer = await post(form.action).catch(() => null);
  if (answer?.status === 423 || answer?.status === 401) location.reload();
  if (answer?.ok) return; // the stream brings the row as it is now
  button?.removeAttribute("aria-disabled");
  const reason = await answer?.json().catch(() => null);
  if (said) said.textContent = reason?.message ?? text.failed;
}

function toFirst() {
  focusIn(list.firstElementChild, "article");
  if (list.firstElementChild) intoView(list.firstElementChild);
}

byId("above").addEventListener("click", toFirst);
addEventListener("scroll", showAbove, { passive: true });

list.addEventListener("submit", (event) => {
  event.preventDefault();
  void send(/** @type {HTMLFormElement} */ (event.target));
});

window.addEventListener("keydown", (event) => {
  const act = actOf(event);
  if (act === "mute") sound.toggle();
  else if (act === "first") toFirst();
  if (act === "mute" || act === "first") event.preventDefault();
});

list.addEventListener("focusout", (event) => {
  const row = /** @type {HTMLElement} */ (event.target).closest("li");
  // the focus is nowhere while it goes from one element to the next, and stays in its row when the window loses it
  if (row) setTimeout(() => row.contains(document.activeElement) || leave(row));
});

list.addEventListener("keydown", (event) => {
  const row = /** @type {HTMLElement} */ (event.target).closest("li");
  const act = actOf(event);
  if (act && act !== "mute" && act !== "first" && row && !inSight(row, /** @type {HTMLElement} */ (event.target))) {
    // nobody acts on what they do not see
    event.preventDefault();
    intoView(row);
    const said = row.querySelector(".said");
    if (said) said.textContent = text.unseen;
    return;
  }
  if (act === "acknowledge" || act === "claim" || act === "accept") {
    const form = row?.querySelector(`form[data-command="${act}"]`);
    event.preventDefault();
    if (form instanceof HTMLFormElement) void send(form);
  } else if (act === "answer" || act === "crisis") {
    event.preventDefault();
    const link = row?.querySelector(`a[data-focus="${act}"]`);
    if (link instanceof HTMLElement) link.click();
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
  const url = `/desks/${encodeURIComponent(name)}/stream${query}`;
  if (typeof SharedWorker === "function") {
    const port = new SharedWorker("/static/stream-worker.js", { name: "liaison" }).port;
    port.onmessage = ({ data }) => take(data.kind, data.data);
    port.postMessage({ url, after });
    addEventListener("pagehide", () => port.postMessage({ url, leave: true }));
    return;
  }
  setInterval(tick, 1000);
  follow(url);
}

/** Without a SharedWorker: a stream of this tab's own. @param {string} url */
function follow(url) {
  const source = new EventSource(`${url}${url.includes("?") ? "&" : "?"}after=${after}`);
  for (const kind of ["alert", "heartbeat", "over"]) source.addEventListener(kind, (event) => take(kind, event.data));
  source.onerror = () => {
    take("lost", "");
    if (source.readyState === EventSource.CLOSED) {
      take("refused", "");
      setTimeout(follow, 1000, url);
    }
  };
}

/** Somebody is there: the screen need not lock. */
function here() {
  if (Date.now() - seenHere < HERE_SECONDS * 1000) return;
  seenHere = Date.now();
  void post(`/desks/${encodeURIComponent(name)}/here`).catch(() => null);
}

for (const kind of ["pointerdown", "keydown", "wheel"]) addEventListener(kind, here, { passive: true });
window.addEventListener("pageshow", (event) => event.persisted && location.reload());
if (!keys().off) {
  const { chords } = keys();
  byId("keys-said").append(` ${["acknowledge", "claim", "accept", "answer", "mute"].map((act) => `${chords[/** @type {import("./keys.js").Act} */ (act)]}: ${text[`key_${act}`]}`).join(". ")}.`);
}
if (live) connect();
sounding();
setInterval(tick, 1000);
tick();
