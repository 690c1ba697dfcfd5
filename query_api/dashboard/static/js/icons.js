// Line drawings of 20 by 20; decoration, so hidden from those who listen.
import { s } from "./dom.js";

const PATHS = {
  overview: "M3 16V9M8 16V4M13 16v-5M18 16H2",
  map: "M3 4h5v5H3zM12 4h5v5h-5zM3 13h5v4H3zM12 13h5v4h-5z",
  funnel: "M2.5 4h15l-5.5 6.5V16l-4 1.5v-7z",
  paths: "M3 5c6 0 6 10 14 10M3 15c6 0 6-10 14-10",
  customer: "M10 10a3.2 3.2 0 1 0 0-6.4 3.2 3.2 0 0 0 0 6.4zM3.5 17c.6-3.4 3.2-5 6.5-5s5.9 1.6 6.5 5",
  models: "M4 5h12M4 10h8M4 15h5M14 12l3 3-3 3",
  health: "M2 10h4l2-5 4 10 2-5h4",
  start: "M10 3v14M3 10h14",
  copy: "M7 7h9v9H7zM4 12V4h8",
  csv: "M10 3v10M6 9.5l4 4 4-4M4 17h12",
  image: "M3 4h14v12H3zM3 13l4-4 4 4 2.5-2.5L17 14",
  menu: "M3 5h14M3 10h14M3 15h14",
  close: "M5 5l10 10M15 5 5 15",
  sun: "M10 13.5a3.5 3.5 0 1 0 0-7 3.5 3.5 0 0 0 0 7zM10 1.5v2M10 16.5v2M1.5 10h2M16.5 10h2M4 4l1.4 1.4M14.6 14.6 16 16M4 16l1.4-1.4M14.6 5.4 16 4",
  moon: "M16.5 12A7 7 0 0 1 8 3.5a7 7 0 1 0 8.5 8.5z",
  key: "M12.5 11a4 4 0 1 0-3.8-2.7L3 14v3h3v-2h2v-2l1.8-1.8a4 4 0 0 0 2.7-.2zM13.5 6.5h.01",
  warn: "M10 3 2 17h16zM10 8.5v4M10 14.8v.01",
  search: "M9 15A6 6 0 1 0 9 3a6 6 0 0 0 0 12zM13.5 13.5 18 18",
  human: "M10 9a2.8 2.8 0 1 0 0-5.6A2.8 2.8 0 0 0 10 9zM4.5 16.5c.5-3 2.7-4.5 5.5-4.5s5 1.5 5.5 4.5",
  static: "M3 5h14v10H3zM3 6l7 5 7-5",
  interactive: "M4 3l12 6-5 1.5L9 16z",
  split: "M10 3v5M10 8 4 14v3M10 8l6 6v3",
  plus: "M10 4v12M4 10h12",
  right: "M7 4l6 6-6 6",
};

export function icon(name, size = 18) {
  return s(
    "svg",
    { viewBox: "0 0 20 20", width: size, height: size, fill: "none", stroke: "currentColor", "stroke-width": 1.7, "stroke-linecap": "round", "stroke-linejoin": "round", "aria-hidden": "true" },
    s("path", { d: PATHS[name] }),
  );
}

export function mark() {
  return s(
    "svg",
    { viewBox: "0 0 32 32", "aria-hidden": "true" },
    s("rect", { width: 32, height: 32, rx: 8, fill: "#1f4a40" }),
    s("path", { d: "M5 24 11 13l4.5 6L22 8l5 16z", fill: "#f4b73f" }),
    s("path", { d: "M22 8l5 16H15.5z", fill: "#fbdd97" }),
  );
}
