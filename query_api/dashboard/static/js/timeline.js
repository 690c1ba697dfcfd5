// A customer's journeys over time: phases as bands, touchpoints by channel and kind of contact, sentiment beneath.
import { axis, chart, tipLine, tooltip } from "./charts.js";
import { phaseColour, sentimentColour, variable } from "./colours.js";
import { h } from "./dom.js";
import { clock, moment, money, name, shortDate, t } from "./i18n.js";
import { phaseName, phaseTone } from "./question.js";

const KINDS = ["interactive", "static", "human"];
const SYMBOLS = { interactive: "circle", static: "rect", human: "triangle" };
const ROW = 30;
const LABELS = 112;
const DAY = 86_400_000;

export function timeline(rows, model, phases) {
  const channels = [...new Set(rows.map((row) => row.channel ?? ""))];
  const felt = rows.filter((row) => row.sentiment != null);
  const height = channels.length * ROW + 64 + (felt.length ? 96 : 0);
  const drawing = chart(() => options(rows, model, phases, channels, felt), { label: t("timeline.label", { n: rows.length, count: rows.length }), height });
  return h("div", { class: "stack" }, key(phases), drawing);
}

const key = (phases) =>
  h("div", { class: "row key" },
    phases.map((phase) => h("span", { class: "row" }, h("span", { class: "swatch", style: { "--tone": phaseTone(phase, phases) } }), phaseName(phase))),
    h("span", { class: "apart" }),
    KINDS.map((kind) => h("span", { class: "row" }, h("span", { class: `shape ${kind}` }), t(`contact.key.${kind}`))));

function options(rows, model, phases, channels, felt) {
  const begin = Date.parse(rows[0].at);
  const end = Date.parse(rows.at(-1).at);
  const room = Math.max((end - begin) * 0.02, 60_000);
  const told = end - begin > 2 * DAY ? shortDate : clock;
  const time = (more) => axis({ type: "time", min: begin - room, max: end + room, splitLine: { show: false }, axisLabel: { ...axis().axisLabel, formatter: told }, ...more });
  const below = felt.length ? 96 : 0;
  return {
    grid: [
      { left: LABELS, right: 14, top: 6, bottom: below + 30 },
      ...(felt.length ? [{ left: LABELS, right: 14, height: 62, bottom: 12 }] : []),
    ],
    tooltip: tooltip((each) => tip(each.data.row, model, phases), { trigger: "item" }),
    xAxis: [time({ gridIndex: 0 }), ...(felt.length ? [time({ gridIndex: 1, axisLabel: { show: false } })] : [])],
    yAxis: [
      axis({ type: "category", data: channels, inverse: true, gridIndex: 0, axisLine: { show: false }, splitLine: { show: true, lineStyle: { color: variable("--line"), type: "dashed" } }, axisLabel: { color: variable("--ink-2"), fontSize: 12, width: LABELS - 12, overflow: "truncate", formatter: (each) => name("channel", each) } }),
      ...(felt.length ? [axis({ type: "value", min: -1, max: 1, interval: 1, gridIndex: 1, axisLine: { show: false }, axisLabel: { color: variable("--ink-3"), fontSize: 12, formatter: (each) => ({ "-1": t("mood.bad"), 0: t("mood.even"), 1: t("mood.good") })[each] } })] : []),
    ],
    series: [
      ...KINDS.concat("none").map((kind, index) => points(rows.filter((row) => (row.contact ?? "none") === kind), kind, model, phases, index === 0 ? bands(rows, model, phases, end + room) : null)),
      ...(felt.length ? [mood(felt)] : []),
    ],
  };
}

const points = (rows, kind, model, phases, areas) => ({
  type: "scatter",
  symbol: SYMBOLS[kind] ?? "diamond",
  symbolSize: (value, each) => (each.data.row.value != null ? 15 : 11),
  data: rows.map((row) => ({
    value: [row.at, row.channel ?? ""], row,
    itemStyle: { color: row.phases[model] ? phaseTone(row.phases[model], phases) : variable("--ink-3"), borderColor: variable("--surface"), borderWidth: 1.5 },
    label: { show: row.value != null, position: "top", distance: 3, formatter: () => money(row.value), fontSize: 11, fontWeight: 600, color: variable("--ink-2") },
  })),
  ...(areas && { markArea: { silent: true, data: areas } }),
});

/** From each mapped touchpoint to the next: the phase that the journey is in; a new journey begins anew. */
function bands(rows, model, phases, end) {
  const areas = [];
  let open = null;
  const close = (at) => open && areas.push([{ xAxis: open.at, itemStyle: { color: phaseColour(phases.indexOf(open.phase) + 1, phases.length), opacity: 0.13 } }, { xAxis: at }]);
  rows.forEach((row, index) => {
    const phase = row.phases[model];
    if (open && rows[index - 1].journey !== row.journey) {
      close(rows[index - 1].at);
      open = null;
    }
    if (!phase || phase === open?.phase) return;
    close(row.at);
    open = { at: row.at, phase };
  });
  close(end);
  return areas;
}

const mood = (rows) => ({
  type: "line", xAxisIndex: 1, yAxisIndex: 1, smooth: 0.3, symbol: "circle", symbolSize: 9,
  lineStyle: { color: variable("--line-2"), width: 2 },
  markLine: { silent: true, symbol: "none", label: { show: false }, lineStyle: { color: variable("--line-2"), type: "solid" }, data: [{ yAxis: 0 }] },
  data: rows.map((row) => ({ value: [row.at, row.sentiment], row, itemStyle: { color: sentimentColour(row.sentiment) } })),
});

const tip = (row, model, phases) => [
  h("b", {}, row.event),
  h("div", { class: "quiet" }, moment(row.at)),
  tipLine(phaseTone(row.phases[model], phases), phaseName(row.phases[model]), ""),
  h("div", {}, name("channel", row.channel)),
  row.value != null && tipLine(null, t("value"), `${money(row.value)} ${row.currency ?? ""}`),
  row.sentiment != null && tipLine(sentimentColour(row.sentiment), t("sentiment"), money(row.sentiment)),
];
