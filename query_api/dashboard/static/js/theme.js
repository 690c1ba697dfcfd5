// Light or dark: as the system says, until the reader chooses.
import { redraw } from "./charts.js";
import { taste } from "./storage.js";

const system = matchMedia("(prefers-color-scheme: dark)");

export function applyTheme() {
  const chosen = taste.get("theme") ?? (system.matches ? "dark" : "light");
  document.documentElement.dataset.theme = chosen;
  redraw();
  dispatchEvent(new Event("themed"));
}

export function switchTheme() {
  taste.set("theme", document.documentElement.dataset.theme === "dark" ? "light" : "dark");
  applyTheme();
}

system.addEventListener("change", applyTheme);
