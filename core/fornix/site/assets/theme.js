/* Light or dark: what the reader chose, else what the system says. Runs before the page is drawn, so that nothing flashes. */
"use strict";
{
  let chosen = null;
  try {
    chosen = localStorage.getItem("fornix-theme");
  } catch {
    /* no storage: the system's choice holds */
  }
  if (chosen === "light" || chosen === "dark") document.documentElement.dataset.theme = chosen;
}
