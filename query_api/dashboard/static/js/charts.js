// Charts by Apache ECharts, loaded when the first one is drawn; they follow the theme and the size of their place.
import { h } from "./dom.js";
import { variable } from "./colours.js";
import { t } from "./i18n.js";

const drawn = new Set();
let library;

/** Draws `options()` (asked again when the theme changes) into a new place. `label` says in words what is seen. */
export function chart(options, { label, height = 280, onclick } = {}) {
  const place = h("div", { class: "chart", role: "img", "aria-label": label, style: { "--tall": `${height}px` } });
  const one = { place, options, instance: null };
  place.chart = one;
  start(one, onclick).catch((error) => place.replaceChildren(t("error.chart", { error: error.message })));
  return place;
}

/** Begin to load the library: what draws a chart after its answer has come need not wait for both. */
export const prepare = () => (library ??= import("../vendor/echarts.js"));

async function start(one, onclick) {
  prepare();
  const { init } = await library;
  await new Promise((resolve) => requestAnimationFrame(resolve));
  if (!one.place.isConnected) return;
  one.instance = init(one.place, null, { renderer: "canvas" });
  draw(one);
  if (onclick) one.instance.on("click", onclick);
  drawn.add(one);
  new ResizeObserver(() => (one.place.isConnected ? one.instance.resize() : end(one))).observe(one.place);
}

const draw = (one) => one.instance.setOption({ ...common(), ...one.options() }, { notMerge: true });

function end(one) {
  drawn.delete(one);
  one.instance.dispose();
}

/** After a change of theme: every chart again in its colours. */
export function redraw() {
  for (const one of drawn) one.place.isConnected ? draw(one) : end(one);
}

/** A chart's picture as a PNG, on the ground of its card. */
export function picture(place) {
  return place.chart.instance.getDataURL({ type: "png", pixelRatio: 2, backgroundColor: variable("--surface") });
}

const common = () => ({
  animation: !matchMedia("(prefers-reduced-motion: reduce)").matches,
  animationDuration: 350,
  textStyle: { fontFamily: variable("--font"), color: variable("--ink-2") },
});

/** Axes in the page's colours. */
export const axis = (more = {}) => ({
  axisLine: { lineStyle: { color: variable("--line-2") } },
  axisTick: { show: false },
  axisLabel: { color: variable("--ink-3"), fontSize: 12, hideOverlap: true },
  splitLine: { lineStyle: { color: variable("--line") } },
  ...more,
});

/** A tooltip whose content is made of elements: styles in markup are not allowed here. */
export const tooltip = (content, more = {}) => ({
  confine: true,
  backgroundColor: variable("--surface"),
  borderColor: variable("--line-2"),
  textStyle: { color: variable("--ink") },
  formatter: (parameters) => h("div", { class: "tip" }, content(parameters)),
  ...more,
});

export const legend = (more = {}) => ({
  textStyle: { color: variable("--ink-2"), fontSize: 12 }, icon: "roundRect", itemWidth: 12, itemHeight: 8, type: "plain", top: 2, left: 0, ...more,
});

export const tipLine = (colour, name, value) =>
  h("div", {}, colour && h("span", { class: "dot", style: { "--tone": colour } }), h("span", {}, name), h("b", {}, value));
