// Overview: the phase funnel of a model, its trend, what happens now, and how fresh it all is.
import { ask, askAhead, listen } from "../api.js";
import { href, replace } from "../address.js";
import { axis, chart, legend, prepare, tipLine, tooltip } from "../charts.js";
import { phaseColour } from "../colours.js";
import { h, show } from "../dom.js";
import { ago, day, dayAndMonth, duration, moment, month, name, percent, t, whole } from "../i18n.js";
import { asTable, card, exports_, field, figure, figures, heading, into, notice, segments } from "../pieces.js";
import { showPeople } from "../people.js";
import { profile } from "../profile.js";
import { changed, conversionOf, modelField, models, phaseName, phaseTone, range, rangeFields } from "../question.js";
import { rules } from "../rules.js";

const SHOWN = 8;
const AGAIN_MS = 5_000;
const AGES_MS = 20_000;

const modelOf = (parameters) => parameters.get("model") ?? "acpl";
const questionOf = (parameters) => ({ model: modelOf(parameters), unit: parameters.get("unit") ?? "", ...range(parameters) });
const trendOf = (parameters) => ({ ...questionOf(parameters), interval: parameters.get("interval") ?? "week" });

/** What the view is going to ask, asked while the rest of the page is still on its way. */
export async function begin(parameters) {
  const { rows } = await askAhead("/v1/models");
  if (!rows.length) return; // nothing has ever come here
  askAhead("/v1/funnel", questionOf(parameters));
  askAhead("/v1/funnel", trendOf(parameters));
  askAhead("/v1/freshness");
}

export async function draw(root, first, signal) {
  if (!(await models()).length) return location.replace(href("start", { first: "yes" }));
  let parameters = first;
  const numbers = h("div");
  const hill = h("div");
  const trend = h("div");
  const live = h("div", { class: "w4" });
  let hearing = new AbortController();
  let following = null;
  signal.addEventListener("abort", () => clearTimeout(following));
  const change = (changes) => {
    parameters = changed(parameters, changes);
    replace("overview", parameters);
    load();
  };
  const model = () => modelOf(parameters);

  async function load() {
    const asked = questionOf(parameters);
    const found = ask("/v1/funnel", asked);
    found.finally(() => requestAnimationFrame(() => setTimeout(prepare))).catch(() => {}); // the funnel is seen before it
    showNumbers(found, asked);
    into(trend, () => trendCard(parameters, change), signal, 380);
    hearing.abort();
    hearing = new AbortController();
    signal.addEventListener("abort", () => hearing.abort(), { once: true });
    const { rows } = await found.catch(() => ({ rows: [] }));
    if (!signal.aborted) show(live, liveCard(model(), rows.map((row) => row.phase), follow, hearing.signal));
  }

  function showNumbers(found, asked) {
    into(numbers, () => keyFigures(found, asked), signal, 96);
    into(hill, () => funnelCard(found, asked), signal, 380);
  }

  /** The numbers go along with the journeys, in a while; what cannot be asked again stays as it was. */
  function follow() {
    following ??= setTimeout(() => {
      following = null;
      const asked = questionOf(parameters);
      const found = ask("/v1/funnel", asked);
      found.then(() => signal.aborted || showNumbers(found, asked), () => {});
    }, AGAIN_MS);
  }

  const unit = field(t("unit"), { choices: ["customer", "journey", "account"].map((each) => [each === "customer" ? "" : each, t(`unit.${each}`)]), value: parameters.get("unit") ?? "", onchange: (value) => change({ unit: value }), name: "unit" });
  const controls = [await modelField(model(), (value) => change({ model: value })), unit, ...rangeFields(parameters, change)];
  if (signal.aborted) return;
  show(root, heading("overview", ...controls), numbers, h("div", { class: "grid" }, h("div", {}, hill), h("div", { class: "w8" }, trend), live));
  await load();
}

async function keyFigures(found, asked) {
  const [{ rows }, fresh] = await Promise.all([found, ask("/v1/freshness").catch(() => null)]);
  if (fresh && fresh.rows[0].accepted === 0 && !rows.some((row) => row.count)) location.replace(href("start", { first: "yes" }));
  const conversion = await conversionOf(asked.model, rows.map((row) => row.phase));
  const reached = rows.find((row) => row.phase === conversion) ?? rows.at(-1);
  const steps = rows.slice(1);
  const steepest = steps.reduce((worst, row) => (row.step_rate < worst.step_rate ? row : worst), steps[0]);
  const slowest = steps.filter((row) => row.median_seconds != null).reduce((most, row) => (row.median_seconds > (most?.median_seconds ?? -1) ? row : most), null);
  const between = (row) => t("between", { a: phaseName(rows[row.position - 2].phase), b: phaseName(row.phase) });
  return figures(
    figure(t(`unit.${asked.unit || "customer"}`), whole(rows[0].count), { note: t("figure.entered", { phase: phaseName(rows[0].phase) }), id: "entered" }),
    figure(t("figure.conversion"), percent(reached.rate), { note: t("figure.conversion.note", { count: reached.count, phase: phaseName(reached.phase) }), id: "conversion" }),
    steepest && figure(t("figure.steepest"), percent(1 - steepest.step_rate), { note: between(steepest), id: "steepest" }),
    slowest && figure(t("figure.slowest"), duration(slowest.median_seconds), { note: between(slowest), id: "slowest" }),
    fresh && freshness(fresh.rows[0], fresh.meta),
  );
}

function freshness(row, meta) {
  const live = row.lag_seconds === 0;
  return figure(t("figure.fresh"), live ? t("fresh.now") : duration(row.lag_seconds), {
    note: t("fresh.note", { n: row.stored, count: row.stored, moment: meta.watermark?.journeys ? moment(meta.watermark.journeys) : "–" }),
    id: "fresh",
    chip: h("span", { class: "dot", style: { "--tone": live ? "var(--good)" : "var(--gold)" } }),
  });
}

async function funnelCard(found, asked) {
  const { rows, meta } = await found;
  const conversion = await conversionOf(asked.model, rows.map((row) => row.phase));
  const onpick = (row, state) =>
    showPeople(t(`people.title.${state}`, { phase: phaseName(row.phase) }), t("people.count", { n: state === "reached" ? row.count : row.dropped, count: state === "reached" ? row.count : row.dropped }), "/v1/funnel/people", { ...asked, phase: row.phase, state });
  const tools = exports_({ path: "/v1/funnel", parameters: asked }, { name: "funnel", chart: () => tools.closest(".card") });
  return card(t("overview.funnel"), { note: t("overview.funnel.note"), tools }, profile(rows, { conversion, onpick }), rules(meta));
}

async function trendCard(parameters, change) {
  const shown = parameters.get("trend") ?? "count";
  const call = { path: "/v1/funnel", parameters: trendOf(parameters) };
  const { interval } = call.parameters;
  const { rows, meta } = await ask(call.path, call.parameters);
  const periods = [...new Set(rows.map((row) => row.period))].sort();
  const phases = [...new Map(rows.map((row) => [row.phase, row.position]))].sort((a, b) => a[1] - b[1]).map(([phase]) => phase);
  const value = new Map(rows.map((row) => [`${row.period} ${row.phase}`, row[shown]]));
  const written = shown === "rate" ? percent : whole;
  const drawn = shown === "rate" ? phases.slice(1) : phases;
  const place = chart(
    () => ({
      grid: { left: 4, right: 16, top: 40, bottom: 4, containLabel: true },
      legend: legend({ data: drawn.map((phase) => phaseName(phase)) }),
      tooltip: tooltip((points) => [h("div", { class: "quiet" }, day(points[0].axisValue)), points.map((each) => tipLine(each.color, each.seriesName, written(each.value)))], { trigger: "axis" }),
      xAxis: axis({ type: "category", data: periods, boundaryGap: false, axisLabel: { ...axis().axisLabel, formatter: (each) => (interval === "month" ? month : dayAndMonth)(each) }, splitLine: { show: false } }),
      yAxis: axis({ type: "value", axisLine: { show: false }, splitNumber: 4, axisLabel: { ...axis().axisLabel, formatter: (each) => written(each) } }),
      series: drawn.map((phase) => {
        const colour = phaseColour(phases.indexOf(phase) + 1, phases.length);
        return { name: phaseName(phase), type: "line", smooth: 0.25, symbol: "circle", symbolSize: 6, showSymbol: periods.length < 3, lineStyle: { width: 2.5 }, color: colour, areaStyle: { opacity: 0.08 }, data: periods.map((period) => value.get(`${period} ${phase}`) ?? 0) };
      }),
    }),
    { label: t("overview.trend.label", { n: periods.length, count: periods.length }), height: 350 },
  );
  const tools = h("div", { class: "row" },
    segments(t("trend"), [["count", t("trend.count")], ["rate", t("trend.rate")]], shown, (each) => change({ trend: each === "count" ? "" : each })),
    segments(t("interval"), ["day", "week", "month"].map((each) => [each, t(`interval.${each}`)]), interval, (each) => change({ interval: each === "week" ? "" : each })));
  return card(t("overview.trend"), { note: t("overview.trend.note"), tools }, place, h("div", { class: "row end" }, exports_(call, { name: "trend", chart: () => place })), asTable(
    [[t("period"), day], ...drawn.map((phase) => [phaseName(phase), (period) => written(value.get(`${period} ${phase}`) ?? 0), "right"])],
    periods, t("overview.trend")), rules(meta));
}

function liveCard(model, phases, follow, signal) {
  const state = h("span", { class: "chip" }, h("span", { class: "dot" }), t("live.connecting"));
  const list = h("ol", { class: "live", "aria-label": t("live") });
  const nothing = h("p", { class: "quiet" }, t("live.none"));
  const hear = (kind, data) => {
    if (kind === "open") show(state, h("span", { class: "dot pulse", style: { "--tone": "var(--good)" } }), t("live.on"));
    else if (kind === "lost" && data?.status === 404) show(list, h("li", {}, notice(data)));
    else if (kind === "lost") show(state, h("span", { class: "dot", style: { "--tone": "var(--bad)" } }), t("live.lost"));
    else follow();
    if (kind === "gone") list.querySelector(`[data-customer="${CSS.escape(data.customer)}"]`)?.remove();
    else if (kind === "journey") put(list, nothing, data, phases);
  };
  listen("/v1/live", { model, recent: SHOWN }, hear, signal);
  const ages = setInterval(() => list.querySelectorAll("time").forEach((each) => (each.textContent = ago(each.dateTime))), AGES_MS);
  signal.addEventListener("abort", () => clearInterval(ages));
  return card(t("live"), { note: t("live.note"), tools: state }, list, nothing);
}

function put(list, nothing, data, phases) {
  nothing.remove();
  list.querySelector(`[data-customer="${CSS.escape(data.customer)}"]`)?.remove();
  list.prepend(
    h("li", { "data-customer": data.customer, style: { "--tone": phaseTone(data.phase ?? data.furthest_phase, phases) } },
      h("a", { href: href("customer", { customer: data.customer }) },
        h("span", { class: "who" }, h("b", {}, phaseName(data.phase)), h("span", { class: "quiet" }, name("channel", data.channel))),
        h("span", { class: "what quiet" }, t("live.touchpoints", { n: data.touchpoints, count: data.touchpoints }), data.value ? ` · ${t("live.value", { value: data.value })}` : ""),
        h("time", { datetime: data.ended_at, class: "quiet" }, ago(data.ended_at)))));
  while (list.children.length > SHOWN) list.lastChild.remove();
}
