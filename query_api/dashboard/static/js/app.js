// The start: tokens out of the address, words, theme, the frame, and the view that the address names.
import { onMissingToken, Refused, tokenOf } from "./api.js";
import { read, takeFragment } from "./address.js";
import { h, show } from "./dom.js";
import { drawFrame, markPlace } from "./frame.js";
import { loadLanguage, t } from "./i18n.js";
import { notice, waiting } from "./pieces.js";
import { session } from "./storage.js";
import { applyTheme } from "./theme.js";
import { askToken } from "./tokens.js";

const VIEWS = ["overview", "map", "funnel", "paths", "customer", "models", "health", "start"];
let leaving = new AbortController();

const known = (view) => (VIEWS.includes(view) ? view : "overview");

function keep(carried) {
  for (const name of ["token", "key", "collector"]) if (carried.has(name)) session.set(name, carried.get(name));
}

/** Draw the view that the address asks for. A view is `draw(root, parameters, signal)`; it ends with the signal. */
export async function drawView() {
  leaving.abort();
  leaving = new AbortController();
  const { signal } = leaving;
  const { view, parameters } = read();
  const name = known(view);
  const root = document.querySelector("main");
  markPlace(name);
  document.title = `${t(`view.${name}`)} · Etappe`;
  show(root, waiting(240));
  try {
    if (!tokenOf("read") && !(await askToken("read"))) throw new Refused(401, { error: "" });
    const { draw } = await import(`./views/${name}.js`);
    if (!signal.aborted) await draw(root, parameters, signal);
  } catch (error) {
    if (!signal.aborted) show(root, h("h1", {}, t(`view.${name}`)), notice(error));
  }
}

async function start() {
  keep(takeFragment());
  applyTheme();
  const { view, parameters } = read();
  // the view comes, and asks its first questions, while the words do
  const module = import(`./views/${known(view)}.js`);
  module.then(({ begin }) => tokenOf("read") && begin?.(parameters)).catch(() => {});
  await Promise.all([loadLanguage(), module.catch(() => {})]);
  onMissingToken(askToken);
  drawFrame(VIEWS);
  addEventListener("popstate", drawView);
  document.addEventListener("click", follow);
  await drawView();
}

/** Links within the dashboard change the view without loading the page. */
function follow(event) {
  const link = event.target.closest?.("a[href^='/?'], a[href='/']");
  if (!link || event.ctrlKey || event.metaKey || event.shiftKey || event.button || link.target) return;
  event.preventDefault();
  history.pushState(null, "", link.getAttribute("href"));
  drawView().then(() => document.querySelector("main").focus({ preventScroll: true }));
  scrollTo(0, 0);
}

start();
