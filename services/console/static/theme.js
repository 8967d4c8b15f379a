// @ts-check
/** Before the page is painted, so that a dark room sees no flash. Not a module: those run after. */
{
  let chosen = null;
  try {
    chosen = localStorage.getItem("liaison-theme");
  } catch {
    // storage is switched off: as the computer is set
  }
  if (chosen) document.documentElement.dataset.theme = chosen;
}
