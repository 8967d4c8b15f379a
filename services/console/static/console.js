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
/** Every row of the board, from the top. */
const rows = () => /** @type {HTMLElement[]} */ ([...list.querySelectorAll("li[data-row]")]);
/** Those that are not folded away. */
const unfolded = () => rows().filter((row) => row.checkVisibility());
/** @param {string} key */
const rowOf = (key) => /** @type {HTMLElement | null} */ (list.querySelector(`li[data-row="${CSS.escape(key)}"]`));
/** @param {string} group */
const placeOf = (group) => /** @type {HTMLElement} */ (list.querySelector(`[data-group="${group}"] > ol`));

/** @param {string} path @param {Record<string, string> | [string, string][]} [values] */
const post = (path, values = {}) =>
  fetch(path, {
    method: "POST",
    headers: { Accept: "application/json", "X-CSRF-Token": desk.dataset.csrf ?? "" },
    body: new URLSearchParams(values),
  });

const sound = new Sound(text, (yes) => void post(`/desks/${encodeURIComponent(name)}/sound`, { heard: yes ? "yes" : "no" }).catch(() => null));

/** A row as it is now. `alerts`: all of the crisis's, chosen or not, with the urgency of each that waits (0: it does not). @typedef {{alerts: Record<string, number>, row: string, sequence: number, listed: boolean, order: string, group: string, shown: string, html: string}} Change */

/** The row with the focus: what a chord acts on. It stays where it is until the focus goes elsewhere. */
const selected = () => /** @type {HTMLElement | null} */ (document.activeElement?.closest("#alerts li[data-row]") ?? null);

/** What came since the last turn. */
function settle() {
  const changes = coming;
  coming = [];
  const anchor = anchored(changes.map((change) => rowOf(change.row)));
  for (const change of changes) place(change);
  trim();
  counted();
  anchor();
  showAbove();
}

/** No more rows than the page has; never the one that somebody is at. */
function trim() {
  const all = rows();
  const chosen = selected();
  for (let last = all.length - 1; all.length > cap && last >= 0; last -= 1) {
    if (all[last] !== chosen) all.splice(last, 1)[0].remove();
  }
}

/** How many rows each group has; a group without any is not shown. */
function counted() {
  for (const group of /** @type {NodeListOf<HTMLElement>} */ (list.querySelectorAll(".group"))) {
    const count = group.querySelectorAll("li[data-row]").length;
    const number = group.querySelector(".number");
    if (number) number.textContent = String(count);
    group.hidden = count === 0;
  }
  byId("none").hidden = rows().length > 0;
}

/** @param {Change} change */
function place(change) {
  const row = rowOf(change.row);
  if (row && Number(row.dataset.sequence) >= change.sequence) return;
  // an alert that stood in another crisis's row until now: the whole board anew
  const moved = Object.keys(change.alerts).some((alert) => list.querySelector(`li[data-alerts~="${CSS.escape(alert)}"]:not([data-row="${CSS.escape(change.row)}"])`));
  if (moved) setTimeout(renew);
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
  } else placeOf(change.group).insertBefore(row, following(change.group, change.order, row));
}

/** @param {Change} change */
function add(change) {
  const row = document.createElement("li");
  row.dataset.row = change.row;
  fillRow(row, change);
  placeOf(change.group).insertBefore(row, following(change.group, change.order, null));
  announce(row);
}

/** @param {HTMLElement} row @param {Change} change */
function fillRow(row, change) {
  const open = row.querySelector("details")?.open ?? false;
  const typed = typedIn(row);
  row.dataset.alerts = change.shown;
  row.dataset.order = change.order;
  row.dataset.sequence = String(change.sequence);
  row.dataset.group = change.group;
  row.innerHTML = change.html;
  const cards = row.querySelector("details");
  if (cards && open) cards.open = true;
  const refusal = /** @type {HTMLDetailsElement | null} */ (row.querySelector(".refuse"));
  if (refusal && typed.open) refusal.open = true;
  for (const [place, words] of typed.words) {
    const field = row.querySelector(`[data-focus="${CSS.escape(place)}"]`);
    if (field instanceof HTMLInputElement || field instanceof HTMLSelectElement) field.value = words;
  }
}

/** What somebody has begun to write in a row: it outlives the news of the crisis. @param {HTMLElement} row */
function typedIn(row) {
  const refusal = /** @type {HTMLDetailsElement | null} */ (row.querySelector(".refuse"));
  const fields = /** @type {NodeListOf<HTMLInputElement | HTMLSelectElement>} */ (row.querySelectorAll(".refuse select, .refuse input:not([type=hidden])"));
  return { open: refusal?.open ?? false, words: [...fields].map((field) => [field.dataset.focus ?? "", field.value]) };
}

/** The first row of a group that comes after. All rows but the selected one are in order, so halving finds it. @param {string} group @param {string} order @param {HTMLElement | null} moving */
function following(group, order, moving) {
  const held = selected();
  const place = placeOf(group);
  const others = /** @type {HTMLElement[]} */ ([...place.children]).filter((row) => row !== held && row !== moving);
  let low = 0;
  let high = others.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((others[middle].dataset.order ?? "") > order) high = middle;
    else low = middle + 1;
  }
  const next = others[low] ?? null;
  // beside the selected row, which does not move: above it where it is the more urgent
  const beside = next ? next.previousElementSibling : place.lastElementChild;
  if (held && beside === held && held !== moving && (held.dataset.order ?? "") > order) return held;
  return next;
}

/** The focus has left this row: it goes where it belongs now. @param {HTMLElement} row */
function leave(row) {
  if (!row.isConnected || row === selected()) return;
  const anchor = anchored([row]);
  const group = row.dataset.group ?? "";
  if (row.dataset.leaving === "1") row.remove();
  else placeOf(group).insertBefore(row, following(group, row.dataset.order ?? "", row));
  counted();
  anchor();
}

/** What is read stays where it is: the selected row, or the first under the reader's eyes, does not move on the screen. @param {(Element | null)[]} moving */
function anchored(moving) {
  const chosen = selected();
  // at the top with nothing selected, what is new and urgent is what is to be seen
  if (scrollY === 0 && !chosen) return () => {};
  const row = chosen ?? unfolded().find((li) => !moving.includes(li) && li.getBoundingClientRect().bottom > 0);
  const before = row?.getBoundingClientRect().top;
  return () => {
    if (!chosen) list.style.padding = "";
    if (!row?.isConnected || before === undefined) return;
    scrollAlong(row.getBoundingClientRect().top - before);
    if (chosen) intoView(chosen);
  };
}

/** Scroll by so much; where the page ends before that, it is made so much longer until nothing is selected. @param {number} moved */
function scrollAlong(moved) {
  if (!moved) return;
  // of a page that is shorter than the screen this is less than nothing
  const down = document.body.offsetHeight - innerHeight - scrollY;
  const missing = Math.abs(moved) - (moved > 0 ? down : scrollY);
  if (missing > 0) {
    const side = moved > 0 ? "paddingBottom" : "paddingTop";
    list.style[side] = `${(Number.parseFloat(list.style[side]) || 0) + missing}px`;
  }
  scrollBy({ top: moved, behavior: "instant" });
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
  desk.style.setProperty("--pane", `${Math.max(0, list.getBoundingClientRect().top)}px`);
  const fresh = rows().filter((row) => row.dataset.new);
  for (const row of fresh) if (row.getBoundingClientRect().bottom > 0) delete row.dataset.new;
  const above = fresh.filter((row) => row.dataset.new);
  const note = byId("above");
  note.hidden = above.length === 0;
  if (above.length === 0) return;
  note.classList.toggle("p1", above[0].querySelector(".p1") !== null);
  note.textContent = fill(text.above, { n: above.length, ...wordsOf(above[0]) });
}

/** @param {HTMLElement} row */
function wordsOf(row) {
  const urgency = row.querySelector(".urgency")?.textContent?.replace(/\s+/g, " ").trim() ?? "";
  return { urgency, title: row.querySelector("h3")?.textContent ?? "" };
}

/** @param {Element | null | undefined} row @param {string} what */
function focusIn(row, what) {
  const target = row?.querySelector(`[data-focus="${CSS.escape(what)}"]`) ?? row?.querySelector("article");
  // what the row offered may be gone from it, or be in the pane now
  const there = target?.checkVisibility() ? target : row?.querySelector("article");
  if (there instanceof HTMLElement) there.focus({ preventScroll: true });
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

/** Rows of the board, without one that has left it and is only still looked at. */
const listed = () => rows().filter((row) => row.dataset.leaving !== "1").length;

/** Fetch the list anew: when more alerts stand than are shown, or the numbers do not agree. */
async function renew() {
  const answer = await fetch(`/desks/${encodeURIComponent(name)}${query}`).catch(() => null);
  if (!answer?.ok) return;
  if (answer.redirected) {
    location.reload();
    return;
  }
  const page = new DOMParser().parseFromString(await answer.text(), "text/html");
  const renewed = [.../** @type {NodeListOf<HTMLElement>} */ (page.querySelectorAll("#alerts li[data-row]"))];
  const kept = new Map(renewed.map((row) => [row.dataset.row, row]));
  for (const row of rows()) {
    // a row that lost an alert to another crisis has no newer sequence
    if (kept.get(row.dataset.row)?.dataset.alerts !== row.dataset.alerts) row.dataset.sequence = "0";
    if (kept.has(row.dataset.row)) row.dataset.leaving = "";
    else if (row === selected()) row.dataset.leaving = "1";
    else row.remove();
  }
  waiting.clear();
  const said = page.getElementById("desk")?.dataset.waiting ?? "{}";
  for (const [alert, urgency] of Object.entries(JSON.parse(said))) waiting.set(alert, urgency);
  coming.push(
    ...renewed.map((row) => ({
      alerts: {}, row: row.dataset.row ?? "", sequence: Number(row.dataset.sequence), listed: true, order: row.dataset.order ?? "",
      group: row.dataset.group ?? "", shown: row.dataset.alerts ?? "", html: row.innerHTML,
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
    if (coming.push(change) === 1) setTimeout(settle);
    for (const [alert, urgency] of Object.entries(change.alerts)) {
      const known = waiting.has(alert);
      if (urgency) waiting.set(alert, urgency);
      else waiting.delete(alert);
      if (urgency && !known) sound.fresh(urgency);
    }
    sounding();
  } else beat(JSON.parse(data));
}

/** What is left, as a clock shows it: 4:10, −0:48; from an hour on 1 h 12. @param {number} seconds */
function brief(seconds) {
  const whole = Math.floor(Math.abs(seconds));
  const sign = seconds < 0 ? "−" : "";
  if (whole >= 3600) return `${sign}${Math.floor(whole / 3600)} h ${String(Math.floor((whole % 3600) / 60)).padStart(2, "0")}`;
  return `${sign}${Math.floor(whole / 60)}:${String(whole % 60).padStart(2, "0")}`;
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
    clock.textContent = clock.dataset.short ? brief(left) : `(${fill(left < 0 ? text.over : text.left, { t: span(left) })})`;
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
  const said = form.closest(".alert, .crisis")?.querySelector(".said");
  if (button?.getAttribute("aria-disabled") === "true") return;
  button?.setAttribute("aria-disabled", "true");
  // the alerts that the person had before them, and no other
  const fields = /** @type {[string, string][]} */ ([...new FormData(form)].map(([field, value]) => [field, String(value)]));
  const answer = await post(form.action, fields).catch(() => null);
  if (answer?.status === 423 || answer?.status === 401) location.reload();
  if (answer?.ok) return; // the stream brings the row as it is now
  button?.removeAttribute("aria-disabled");
  const reason = await answer?.json().catch(() => null);
  if (said) said.textContent = reason?.message ?? text.failed;
}

function toFirst() {
  const [first] = unfolded();
  focusIn(first, "article");
  if (first) intoView(first);
}

byId("above").addEventListener("click", toFirst);
for (const kind of ["scroll", "resize"]) addEventListener(kind, showAbove, { passive: true });

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

/** Beside the board there is room for what is open (board.css). */
const wide = matchMedia("(min-width: 75rem)");

list.addEventListener("click", (event) => {
  const target = /** @type {HTMLElement} */ (event.target);
  // a click anywhere on the row opens it; to mark words of it is none
  if (!target.closest("header") || target.closest("a, button") || !getSelection()?.isCollapsed) return;
  /** @type {HTMLElement | null | undefined} */ (target.closest("article")?.querySelector("summary"))?.click();
});

list.addEventListener("focusin", (event) => {
  const cards = /** @type {HTMLElement} */ (event.target).closest("li[data-row]")?.querySelector("details");
  // once something is open beside the board, it is what somebody is at
  if (cards && !cards.open && wide.matches && event.target instanceof HTMLElement && event.target.matches("article") && list.querySelector(".cards[open]")) cards.open = true;
});

list.addEventListener("focusout", (event) => {
  const row = /** @type {HTMLElement | null} */ (/** @type {HTMLElement} */ (event.target).closest("li[data-row]"));
  // the focus is nowhere while it goes from one element to the next, and stays in its row when the window loses it
  if (row) setTimeout(() => row.contains(document.activeElement) || leave(row));
});

list.addEventListener("keydown", (event) => {
  const target = /** @type {HTMLElement} */ (event.target);
  const row = /** @type {HTMLElement | null} */ (target.closest("li[data-row]"));
  // in an open row a chord acts on the alert that somebody is at, else on all of the row's
  const scope = target.closest(".alert, .crisis");
  const act = actOf(event);
  if (act && act !== "mute" && act !== "first" && row && !inSight(row, target)) {
    // nobody acts on what they do not see
    event.preventDefault();
    intoView(row);
    const said = row.querySelector(".said");
    if (said) said.textContent = text.unseen;
    return;
  }
  if (act === "acknowledge" || act === "claim" || act === "accept") {
    const form = scope?.querySelector(`form[data-command="${act}"]`);
    event.preventDefault();
    if (form instanceof HTMLFormElement) void send(form);
  } else if (act === "answer" || act === "crisis") {
    event.preventDefault();
    const link = scope?.querySelector(`a[data-link="${act}"]`);
    if (link instanceof HTMLElement) link.click();
  } else if (event.key === "Enter" && target.matches("article")) {
    row?.querySelector("summary")?.click();
  } else if ((event.key === "ArrowDown" || event.key === "ArrowUp") && !event.altKey && !event.ctrlKey && !event.metaKey) {
    if (target.matches("input, select, textarea")) return;
    const all = unfolded();
    const next = row ? all[all.indexOf(row) + (event.key === "ArrowDown" ? 1 : -1)] : undefined;
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
showAbove();
