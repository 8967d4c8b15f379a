// @ts-check
import { fill, span } from "./sound.js";

/** Counts down on pages that are not live, by the server's clock, and says when the page has grown old. */

const OLD_SECONDS = 60;
const where = /** @type {HTMLElement} */ (document.getElementById("countdowns"));
/** @type {Record<string, string>} */
const text = JSON.parse(where.dataset.text ?? "{}");
const made = Date.parse(where.dataset.now ?? "");
const ahead = made - Date.now();
const old = document.getElementById("page-old");

function tick() {
  const now = Date.now() + ahead;
  for (const clock of /** @type {NodeListOf<HTMLElement>} */ (document.querySelectorAll(".countdown"))) {
    const left = (Date.parse(clock.dataset.until ?? "") - now) / 1000;
    clock.textContent = `(${fill(left < 0 ? text.over : text.left, { t: span(left) })})`;
    clock.classList.toggle("over", left < 0);
  }
  const age = (now - made) / 1000;
  if (old && age >= OLD_SECONDS) {
    old.hidden = false;
    old.textContent = fill(text.page_old, { t: span(age) });
  }
}

window.addEventListener("pageshow", (event) => event.persisted && location.reload());
setInterval(tick, 1000);
tick();
