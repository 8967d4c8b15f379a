// @ts-check
import { allowed, chordOf, keep, keys } from "./keys.js";

const chosen = keys();
const theme = localStorage.getItem("liaison-theme") ?? "auto";
for (const radio of /** @type {NodeListOf<HTMLInputElement>} */ (document.querySelectorAll("input[name=theme]"))) {
  radio.checked = radio.value === theme;
  radio.addEventListener("change", () => {
    if (radio.value === "auto") {
      localStorage.removeItem("liaison-theme");
      delete document.documentElement.dataset.theme;
    } else {
      localStorage.setItem("liaison-theme", radio.value);
      document.documentElement.dataset.theme = radio.value;
    }
  });
}
for (const field of /** @type {NodeListOf<HTMLInputElement>} */ (document.querySelectorAll("input[data-act]"))) {
  const act = /** @type {import("./keys.js").Act} */ (field.dataset.act);
  field.value = chosen.chords[act];
  field.addEventListener("keydown", (event) => {
    const chord = chordOf(event);
    if (chord === null) return;
    event.preventDefault();
    if (!allowed(chord, chosen.single)) return;
    chosen.chords[act] = field.value = chord;
    keep(chosen);
  });
}
const single = /** @type {HTMLInputElement} */ (document.getElementById("single"));
const off = /** @type {HTMLInputElement} */ (document.getElementById("keys-off"));
single.checked = chosen.single;
off.checked = chosen.off;
for (const box of [single, off]) {
  box.addEventListener("change", () => {
    chosen.single = single.checked;
    chosen.off = off.checked;
    keep(chosen);
  });
}
