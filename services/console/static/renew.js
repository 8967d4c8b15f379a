// @ts-check
import { fill } from "./sound.js";

/**
 * Keeps the page of a crisis as new as the crisis: asks whether anything of it has changed, and where it has puts the new page in
 * the place of the old one. Scroll and focus stay; nothing is replaced under somebody who is writing.
 */

const ASK_SECONDS = 5;
const said = /** @type {HTMLElement} */ (document.getElementById("renewed"));

function where() {
  return /** @type {HTMLElement} */ (document.getElementById("countdowns"));
}

/** @returns {boolean} */
function writing() {
  const at = document.activeElement;
  return at instanceof HTMLInputElement || at instanceof HTMLTextAreaElement || at instanceof HTMLSelectElement;
}

/** Something is typed and not sent: it would be gone with the old page. */
function drafting() {
  const box = /** @type {HTMLTextAreaElement | null} */ (document.querySelector("#words"));
  return box !== null && box.value.trim() !== "";
}

/** The newest of what other desks say, under somebody who is writing to them. */
async function renewThread() {
  const answer = await fetch(where().dataset.renewed ?? location.href, { signal: AbortSignal.timeout(10_000) });
  if (!answer.ok || answer.redirected) return;
  const thread = new DOMParser().parseFromString(await answer.text(), "text/html").querySelector("#thread");
  const here = document.querySelector("#thread");
  if (thread && here && thread.innerHTML !== here.innerHTML) here.replaceChildren(...thread.childNodes);
}

/** What can be found again in the new page: its own id, or where the link leads. @param {Element | null} at */
function place(at) {
  if (!at || at === document.body) return "";
  if (at.id) return `#${CSS.escape(at.id)}`;
  const label = at.getAttribute("aria-labelledby");
  if (label) return `[aria-labelledby="${CSS.escape(label)}"]`;
  return at instanceof HTMLAnchorElement ? `a[href="${CSS.escape(at.getAttribute("href") ?? "")}"]` : "";
}

async function renew() {
  const answer = await fetch(where().dataset.renewed ?? location.href, { signal: AbortSignal.timeout(10_000) });
  if (!answer.ok || answer.redirected) return location.reload();
  const fresh = new DOMParser().parseFromString(await answer.text(), "text/html").querySelector("main");
  const here = document.querySelector("main");
  if (!fresh || !here) return location.reload();
  const [top, focused] = [window.scrollY, place(document.activeElement)];
  const readAt = document.activeElement?.getBoundingClientRect().top ?? 0;
  here.replaceChildren(...fresh.childNodes);
  const again = focused ? /** @type {HTMLElement | null} */ (here.querySelector(focused)) : null;
  again?.focus({ preventScroll: true });
  said.textContent = fill(JSON.parse(where().dataset.text ?? "{}").renewed, { at: where().dataset.clock ?? "" });
  window.scrollTo({ top });
  // a line more above what is read must not push it away
  if (again) window.scrollBy({ top: again.getBoundingClientRect().top - readAt });
}

async function ask() {
  const { renew: url, mark } = where().dataset;
  if (!url || document.hidden) return;
  try {
    const answer = await fetch(url, { signal: AbortSignal.timeout(10_000) });
    // signed out, or this desk may see it no more: the page itself says so
    if (!answer.ok || answer.redirected) return location.reload();
    if ((await answer.json()).mark !== mark) {
      if (writing() || drafting()) {
        await renewThread();
        said.textContent = JSON.parse(where().dataset.text ?? "{}").changed;
        return;
      }
      await renew();
    }
    where().dataset.checked = String(Date.now());
  } catch {
    // not heard: the page says how old it is (countdown.js)
  }
}

setInterval(ask, ASK_SECONDS * 1000);
document.addEventListener("visibilitychange", ask);
