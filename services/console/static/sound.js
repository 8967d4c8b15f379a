// @ts-check
/**
 * Sound by urgency, after IEC 60601-1-8: high is a burst of five pulses (3+2), medium of three, low of one. A burst lasts
 * less than 3 s (WCAG 1.4.2) and is repeated until somebody answers. Mute is for a stated time and shown. All is made in
 * the browser: no file.
 */

/** @type {Record<number, {pulses: number[], hertz: number, every: number}>} */
const BURSTS = {
  1: { pulses: [0, 0.2, 0.4, 0.8, 1.0], hertz: 880, every: 5 },
  2: { pulses: [0, 0.25, 0.5], hertz: 660, every: 15 },
  3: { pulses: [0, 0.3], hertz: 523, every: 30 },
  4: { pulses: [0], hertz: 440, every: 120 },
  5: { pulses: [0], hertz: 392, every: 300 },
};
const MUTE_SECONDS = 120;
const KEPT = "liaison-muted-until";

/** @param {string} pattern @param {Record<string, string | number>} values */
export const fill = (pattern, values) => pattern.replace(/\{(\w+)\}/g, (_, key) => String(values[key] ?? ""));

/** @param {number} seconds */
export function span(seconds) {
  const whole = Math.floor(Math.abs(seconds));
  const hours = Math.floor(whole / 3600);
  const minutes = Math.floor((whole % 3600) / 60);
  return hours ? `${hours} h ${minutes} min` : minutes ? `${minutes} min ${whole % 60} s` : `${whole} s`;
}

export class Sound {
  /** @param {Record<string, string>} text @param {(heard: boolean) => void} told */
  constructor(text, told) {
    this.text = text;
    this.told = told;
    /** @type {AudioContext | null} */
    this.context = null;
    this.armed = sessionStorage.getItem("liaison-armed") === "1";
    this.last = 0;
    this.urgency = 0;
    /** @type {"" | "asked"} */
    this.check = "";
    this.failed = false;
    const on = (/** @type {string} */ id, /** @type {() => void} */ act) => this.part(id)?.addEventListener("click", act);
    on("sound-test", () => {
      this.check = "asked";
      void this.burst(1);
      this.show();
    });
    on("sound-heard", () => this.checked(true));
    on("sound-not-heard", () => this.checked(false));
    on("sound-mute", () => this.toggle());
    for (const kind of ["pointerdown", "keydown"]) addEventListener(kind, () => void this.wake(), { once: true });
    this.show();
  }

  /** @param {string} id */
  part(id) {
    return document.getElementById(id);
  }

  /** A browser lets a page sound only after a key or a click, unless its policy allows the console to. */
  async wake() {
    try {
      this.context ??= new AudioContext();
      if (this.context.state !== "running") await Promise.race([this.context.resume(), new Promise((done) => setTimeout(done, 500))]);
    } catch {
      this.context = null;
    }
    return this.context?.state === "running";
  }

  /** @param {number} urgency */
  async burst(urgency) {
    const running = await this.wake();
    if (this.failed !== !running) {
      this.failed = !running;
      this.show();
    }
    if (!running || !this.context) return;
    const { pulses, hertz } = BURSTS[urgency] ?? BURSTS[5];
    for (const at of pulses) {
      const tone = this.context.createOscillator();
      const volume = this.context.createGain();
      const start = this.context.currentTime + at;
      tone.frequency.value = hertz;
      volume.gain.setValueAtTime(0, start);
      volume.gain.linearRampToValueAtTime(0.6, start + 0.02);
      volume.gain.setValueAtTime(0.6, start + 0.12);
      volume.gain.linearRampToValueAtTime(0, start + 0.16);
      tone.connect(volume).connect(this.context.destination);
      tone.start(start);
      tone.stop(start + 0.18);
    }
    dispatchEvent(new CustomEvent("liaison-burst", { detail: { urgency, at: Date.now() } }));
  }

  get mutedFor() {
    return Math.max(0, (Number(localStorage.getItem(KEPT)) - Date.now()) / 1000);
  }

  toggle() {
    if (this.mutedFor > 0) localStorage.removeItem(KEPT);
    else localStorage.setItem(KEPT, String(Date.now() + MUTE_SECONDS * 1000));
    this.last = 0;
    this.tick();
  }

  /** @param {boolean} heard */
  checked(heard) {
    this.check = "";
    this.armed = heard;
    this.failed = !heard;
    sessionStorage.setItem("liaison-armed", heard ? "1" : "");
    this.told(heard);
    this.show();
  }

  /** The most urgent that waits; 0 where nothing does. @param {number} urgency */
  wanted(urgency) {
    const more = urgency > 0 && (this.urgency === 0 || urgency < this.urgency);
    this.urgency = urgency;
    if (more) this.last = 0;
    this.tick();
  }

  /** A new alert sounds at once, although a burst has just been. @param {number} urgency */
  fresh(urgency) {
    if (urgency <= (this.urgency || 9)) this.last = 0;
  }

  tick() {
    if (this.urgency && this.mutedFor === 0) {
      const now = Date.now();
      if (now - this.last >= BURSTS[this.urgency].every * 1000) {
        this.last = now;
        void this.burst(this.urgency);
      }
    }
    this.show();
  }

  show() {
    const muted = this.mutedFor;
    const words = muted > 0 ? fill(this.text.muted, { t: span(muted) }) : this.failed ? this.text.off : this.armed ? this.text.armed : this.text.not_armed;
    const state = this.part("sound-state");
    if (state) {
      // a screen reader hears the change, not each second of the mute
      if (muted > 0 && state.dataset.kind === "muted") state.setAttribute("aria-live", "off");
      else state.removeAttribute("aria-live");
      state.dataset.kind = muted > 0 ? "muted" : this.armed ? "armed" : "not";
      if (state.textContent !== words) state.textContent = words;
    }
    this.part("sound")?.classList.toggle("bad", muted > 0 || this.failed || !this.armed);
    const hide = (/** @type {string} */ id, /** @type {boolean} */ hidden) => {
      const part = this.part(id);
      if (part) part.hidden = hidden;
    };
    hide("sound-test", this.armed && !this.failed && this.check === "");
    hide("sound-heard", this.check === "");
    hide("sound-not-heard", this.check === "");
    hide("sound-mute", false);
    const mute = this.part("sound-mute");
    if (mute) mute.textContent = (muted > 0 ? mute.dataset.unmute : mute.dataset.mute) ?? "";
  }
}
