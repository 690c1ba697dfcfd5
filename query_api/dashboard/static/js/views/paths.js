// Paths: which way journeys go, phase by phase or channel by channel, from a point or to one.
import { ask } from "../api.js";
import { replace } from "../address.js";
import { chart, tipLine, tooltip } from "../charts.js";
import { groupColour, phaseColour, variable } from "../colours.js";
import { h, show } from "../dom.js";
import { duration, name, percent, t, whole } from "../i18n.js";
import { asTable, card, empty, exports_, field, figure, figures, heading, into, table } from "../pieces.js";
import { changed, modelField, models, phaseName, range, rangeFields } from "../question.js";
import { rules } from "../rules.js";

const DEPTHS = [2, 3, 4, 5, 6, 8, 10];

export async function draw(root, first, signal) {
  let parameters = first;
  const picture = h("div");
  const sequences = h("div");
  const points = h("datalist", { id: "points" });
  const get = (each, otherwise = "") => parameters.get(each) ?? otherwise;
  const question = () => ({ model: get("model", "acpl"), by: get("by", "phase"), start: get("start"), end: get("end"), collapse: get("collapse", "true"), ...range(parameters) });
  const change = (changes) => {
    parameters = changed(parameters, changes);
    replace("paths", parameters);
    load();
  };
  const load = () => {
    into(picture, () => sankeyCard({ ...question(), depth: get("depth", "5"), nodes: 12 }, points), signal, 520);
    into(sequences, () => sequencesCard({ ...question(), limit: 15 }), signal, 200);
  };
  const controls = [
    await modelField(get("model", "acpl"), (value) => change({ model: value, start: "", end: "" })),
    field(t("paths.by"), { choices: ["phase", "channel", "event"].map((each) => [each, t(`paths.by.${each}`)]), value: get("by", "phase"), name: "by", onchange: (value) => change({ by: value, start: "", end: "" }) }),
    field(t("paths.start"), { value: get("start"), name: "start", list: "points", placeholder: t("paths.any"), onchange: (value) => change({ start: value.trim() }) }),
    field(t("paths.end"), { value: get("end"), name: "end", list: "points", placeholder: t("paths.any"), onchange: (value) => change({ end: value.trim() }) }),
    field(t("paths.depth"), { choices: DEPTHS.map((each) => [each, whole(each)]), value: get("depth", "5"), name: "depth", onchange: (value) => change({ depth: value === "5" ? "" : value }) }),
    h("label", { class: "box" }, h("input", { type: "checkbox", name: "collapse", checked: get("collapse") !== "false", onchange: (event) => change({ collapse: event.target.checked ? "" : "false" }) }), t("paths.collapse")),
    ...rangeFields(parameters, change),
    points,
  ];
  if (signal.aborted) return;
  show(root, heading("paths"), h("div", { class: "card" }, h("div", { class: "controls" }, controls)), picture, sequences);
  load();
}

const labelOf = (by, value, otherwise) => (value == null ? otherwise : by === "phase" ? phaseName(value) : by === "channel" && !value.startsWith("(") ? name("channel", value) : known(value));
const known = (value) => ({ "(none)": t("value.none"), "(other)": t("value.other"), "(more)": "…" })[value] ?? value;

async function sankeyCard(asked, points) {
  const call = { path: "/v1/paths", parameters: asked };
  const [{ rows, meta }, list] = await Promise.all([ask(call.path, call.parameters), models()]);
  const phases = list.find((each) => each.model === asked.model)?.phases ?? [];
  if (!rows.length) return h("div", { class: "card" }, empty(t("paths.none"), t("paths.none.text")));
  const values = [...new Set(rows.flatMap((row) => [row.from, row.to]).filter(Boolean))];
  points.replaceChildren(...values.filter((each) => !each.startsWith("(")).map((value) => h("option", { value }, labelOf(asked.by, value))));
  const place = chart(() => options(rows, asked.by, phases, values), { label: t("paths.label", { n: rows.length, count: rows.length }), height: Math.max(420, Math.min(760, values.length * 44)) });
  const left = rows.filter((row) => row.to == null).reduce((sum, row) => sum + row.count, 0);
  return [
    figures(
      figure(t("unit.journey"), whole(meta.journeys), { note: t("paths.journeys.note"), id: "journeys" }),
      figure(t("paths.most"), edge(best(rows), asked.by), { note: t("paths.most.note", { count: best(rows).count }), id: "most" }),
      figure(t("paths.left"), whole(left), { note: t("paths.left.note", { depth: asked.depth }), id: "left" })),
    card(t("paths.picture"), { note: t("paths.picture.note"), tools: exports_(call, { name: "paths", chart: () => place }) },
      h("div", { class: "scroll", tabindex: "0", role: "region", "aria-label": t("paths.picture") }, h("div", { class: "broad" }, place)), asTable([
        [t("step"), (row) => whole(row.position), "right"],
        [t("from.here"), (row) => labelOf(asked.by, row.from, t("paths.begin"))],
        [t("to.there"), (row) => labelOf(asked.by, row.to, t("paths.gone"))],
        [t("unit.journey"), (row) => whole(row.count), "right"],
        [t("share"), (row) => percent(row.share), "right"],
        [t("median.short"), (row) => duration(row.median_seconds), "right"],
      ], rows, t("paths.picture")), rules(meta)),
  ];
}

const best = (rows) => rows.filter((row) => row.from && row.to).reduce((most, row) => (row.count > (most?.count ?? -1) ? row : most), null) ?? rows[0];
const edge = (row, by) => `${labelOf(by, row.from, t("paths.begin"))} → ${labelOf(by, row.to, t("paths.gone"))}`;

function options(rows, by, phases, values) {
  const narrow = matchMedia("(max-width: 600px)").matches;
  const id = (position, value, end) => `${position}|${value ?? end}`;
  const tone = (value) => (value == null ? variable("--line-2") : by === "phase" ? phaseColour(phases.indexOf(value) + 1, phases.length) : value.startsWith("(") ? variable("--ink-3") : groupColour(values.indexOf(value)));
  const nodes = new Map();
  for (const row of rows) {
    for (const [position, value, end] of [[row.position, row.from, "begin"], [row.position + 1, row.to, "gone"]]) {
      nodes.set(id(position, value, end), { name: id(position, value, end), value_: value, end, itemStyle: { color: tone(value), borderWidth: 0, opacity: value == null ? 0.55 : 1 }, depth: position - Math.min(...rows.map((each) => each.position)) });
    }
  }
  const words = (node) => labelOf(by, node.value_, t(`paths.${node.end}`));
  return {
    tooltip: tooltip(({ data, dataType, value }) => (dataType === "edge" ? [h("b", {}, edge(data.row, by)), tipLine(null, t("unit.journey"), whole(data.row.count)), tipLine(null, t("share"), percent(data.row.share)), tipLine(null, t("median.short"), duration(data.row.median_seconds))] : [h("b", {}, words(data)), tipLine(null, t("unit.journey"), whole(value))]), { trigger: "item" }),
    series: [{
      type: "sankey", left: 4, right: narrow ? 90 : 130, top: 8, bottom: 8, nodeWidth: 14, nodeGap: 14, draggable: false, layoutIterations: 64,
      emphasis: { focus: "adjacency" },
      label: { color: variable("--ink"), fontSize: 12, formatter: ({ data }) => words(data), width: 120, overflow: "truncate" },
      lineStyle: { color: "gradient", opacity: 0.32, curveness: 0.5 },
      data: [...nodes.values()],
      links: rows.map((row) => ({ source: id(row.position, row.from, "begin"), target: id(row.position + 1, row.to, "gone"), value: row.count, row })),
    }],
  };
}

async function sequencesCard(asked) {
  const call = { path: "/v1/sequences", parameters: asked };
  const { rows, meta } = await ask(call.path, call.parameters);
  if (!rows.length) return null;
  const most = Math.max(...rows.map((row) => row.count));
  const steps = (row) => h("ol", { class: "sequence" }, row.sequence.map((each) => h("li", { class: "chip" }, labelOf(asked.by, each, t("value.none")))));
  return card(t("paths.sequences"), { note: t("paths.sequences.note"), tools: exports_(call, { name: "sequences" }) },
    table([
      [t("paths.sequence"), steps, "wide"],
      [t("unit.journey"), (row) => [whole(row.count), h("span", { class: "meter thin", style: { "--share": `${Math.round((row.count / most) * 100)}%` } })], "right"],
      [t("share"), (row) => percent(row.share), "right"],
      [t("paths.conversions"), (row) => whole(row.conversions), "right"],
      [t("median.short"), (row) => duration(row.median_seconds), "right"],
    ], rows, t("paths.sequences")), rules(meta));
}
