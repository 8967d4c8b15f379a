// @ts-check
import { fill, Sound } from "./sound.js";

/** The locked screen: it counts and sounds, and knows nothing of anybody. */

const STALE_SECONDS = 8;
const locked = /** @type {HTMLElement} */ (document.getElementById("locked"));
const stale = /** @type {HTMLElement} */ (document.getElementById("stale"));
/** @type {Record<string, string>} */
const text = JSON.parse(locked.dataset.text ?? "{}");
const sound = new Sound(text, () => {});
const plain = document.title;
let heard = Date.now();
let total = -1;

function connect() {
  const source = new EventSource(`/desks/${encodeURIComponent(locked.dataset.desk ?? "")}/pulse`);
  source.addEventListener("pulse", (event) => {
    const said = JSON.parse(event.data);
    if (!said.waiting) return;
    heard = Date.now();
    let most = 0;
    let sum = 0;
    for (const row of /** @type {NodeListOf<HTMLElement>} */ (document.querySelectorAll("#counts li"))) {
      const urgency = Number(row.dataset.urgency);
      const count = said.waiting[urgency] ?? 0;
      if (count && !most) most = urgency;
      sum += count;
      const shown = row.querySelector(".count");
      if (shown) shown.textContent = count ? String(count) : text.waiting_none;
      row.classList.toggle("nothing", !count);
    }
    if (total >= 0 && sum > total) sound.fresh(most);
    total = sum;
    document.title = sum ? fill(text.title, { n: sum }) + plain : plain;
    sound.wanted(most);
  });
  source.addEventListener("over", () => location.reload());
  source.onerror = () => {
    if (source.readyState === EventSource.CLOSED) setTimeout(connect, 1000);
  };
}

connect();
setInterval(() => {
  const silent = Math.floor((Date.now() - heard) / 1000);
  stale.hidden = silent <= STALE_SECONDS;
  if (!stale.hidden && !stale.textContent) stale.textContent = fill(text.stale, { n: silent });
  if (stale.hidden) stale.textContent = "";
  sound.tick();
}, 1000);
