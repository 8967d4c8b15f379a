// @ts-check
import { fill, span } from "./sound.js";

/** Counts down on pages that are not live, by the server's clock, and says when the page has grown old. */

const OLD_SECONDS = 60;
const first = /** @type {HTMLElement} */ (document.getElementById("countdowns"));
/** @type {Record<string, string>} */
const text = JSON.parse(first.dataset.text ?? "{}");
const loaded = Date.now();
const ahead = Date.parse(first.dataset.now ?? "") - loaded;

function tick() {
  // the page may have been renewed since the last tick (renew.js)
  const old = document.getElementById("page-old");
  const now = Date.now() + ahead;
  for (const clock of /** @type {NodeListOf<HTMLElement>} */ (document.querySelectorAll(".countdown"))) {
    const left = (Date.parse(clock.dataset.until ?? "") - now) / 1000;
    clock.textContent = `(${fill(left < 0 ? text.over : text.left, { t: span(left) })})`;
    clock.classList.toggle("over", left < 0);
  }
  const age = (Date.now() - Number(document.getElementById("countdowns")?.dataset.checked ?? loaded)) / 1000;
  if (old) {
    old.hidden = age < OLD_SECONDS;
    old.textContent = fill(text.page_old, { t: span(age) });
  }
}

window.addEventListener("pageshow", (event) => event.persisted && location.reload());
setInterval(tick, 1000);
tick();
