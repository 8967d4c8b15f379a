// @ts-check
/** Chords: what each does, and which keys a person has chosen for it. No bare single keys unless they ask for them. */

/** @typedef {"acknowledge" | "claim" | "accept" | "answer" | "crisis" | "first" | "mute"} Act */

/** @type {Record<Act, string>} */
export const CHORDS = {
  acknowledge: "Alt+A",
  claim: "Alt+C",
  accept: "Alt+Y",
  answer: "Alt+O",
  crisis: "Alt+E",
  first: "Alt+1",
  mute: "Alt+M",
};
const KEPT = "liaison-keys";
/** What an act was once called: a browser may have kept a chord under that name. @type {Partial<Record<Act, string>>} */
const FORMER = { crisis: "episode" };

/** @typedef {{chords: Record<Act, string>, single: boolean, off: boolean}} Keys */

/** The chords that were kept, under the acts' names of today. @param {Record<string, unknown>} kept @returns {Record<Act, string>} */
function chordsOf(kept) {
  const chords = { ...CHORDS };
  for (const act of /** @type {Act[]} */ (Object.keys(CHORDS))) {
    const chord = kept[act] ?? kept[FORMER[act] ?? ""];
    if (typeof chord === "string") chords[act] = chord;
  }
  return chords;
}

/** @returns {Keys} */
export function keys() {
  try {
    const kept = JSON.parse(localStorage.getItem(KEPT) ?? "{}");
    return { chords: chordsOf(kept.chords ?? {}), single: kept.single === true, off: kept.off === true };
  } catch {
    return { chords: { ...CHORDS }, single: false, off: false };
  }
}

/** @param {Keys} chosen */
export function keep(chosen) {
  localStorage.setItem(KEPT, JSON.stringify(chosen));
}

/** The chord of a key press; by the place of the key, so that Alt does not change the letter. @param {KeyboardEvent} event */
export function chordOf(event) {
  const name = /^Key[A-Z]$/.test(event.code) ? event.code.slice(3) : /^Digit\d$/.test(event.code) ? event.code.slice(5) : event.key;
  if (["Control", "Alt", "Shift", "Meta", "Tab", "Escape", "Enter", " "].includes(event.key)) return null;
  return [event.ctrlKey && "Ctrl", event.altKey && "Alt", event.metaKey && "Meta", event.shiftKey && "Shift", name]
    .filter(Boolean)
    .join("+");
}

/** Whether a chord may be used: with Ctrl, Alt or Meta, or a single key where they are allowed. @param {string} chord @param {boolean} single */
export const allowed = (chord, single) => single || /^(Ctrl|Alt|Meta)\+/.test(chord);

/** What a key press means; null where it means nothing, or is typed into a field. @param {KeyboardEvent} event @returns {Act | null} */
export function actOf(event) {
  const { chords, single, off } = keys();
  const chord = chordOf(event);
  if (off || chord === null || !allowed(chord, single)) return null;
  const typing = event.target instanceof HTMLElement && event.target.matches("input, textarea, select");
  if (typing && !/^(Ctrl|Alt|Meta)\+/.test(chord)) return null;
  const found = Object.entries(chords).find(([, wanted]) => wanted === chord);
  return found ? /** @type {Act} */ (found[0]) : null;
}
