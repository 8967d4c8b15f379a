// @ts-check
import { fill } from "./sound.js";

/** The wall: what waits is asked for again and again; a wall that is not answered says so in the largest letters it has. */

const RENEW_SECONDS = 10;
const STALE_SECONDS = 25;
const stale = /** @type {HTMLElement} */ (document.getElementById("stale"));
const wall = /** @type {HTMLElement} */ (document.getElementById("wall"));
/** @type {Record<string, string>} */
const text = JSON.parse(wall.dataset.text ?? "{}");
let heard = Date.now();

async function renew() {
  try {
    const answer = await fetch(location.href, { signal: AbortSignal.timeout(8_000) });
    // signed out, or this desk may see it no more: the page itself says so
    if (!answer.ok || answer.redirected) return location.reload();
    const fresh = new DOMParser().parseFromString(await answer.text(), "text/html").getElementById("wall");
    if (!fresh) return location.reload();
    wall.replaceChildren(...fresh.childNodes);
    heard = Date.now();
  } catch {
    // not answered: the line below says how old it is
  }
}

setInterval(renew, RENEW_SECONDS * 1000);
setInterval(() => {
  const silent = Math.floor((Date.now() - heard) / 1000);
  stale.hidden = silent <= STALE_SECONDS;
  stale.textContent = stale.hidden ? "" : fill(text.stale, { n: silent });
}, 1000);
