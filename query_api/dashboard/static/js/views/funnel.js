// Funnel builder: phases of a model or steps of one's own; the address holds the whole question.
import { ask } from "../api.js";
import { readJson, replace, Unreadable } from "../address.js";
import { axis, chart, legend, tipLine, tooltip } from "../charts.js";
import { groupColour, phaseColour, variable } from "../colours.js";
import { h, show } from "../dom.js";
import { country, day, difference, duration, name, percent, t, whole } from "../i18n.js";
import { asObjects, filterRows, fromObject, parse, written } from "../filters.js";
import { card, empty, exports_, field, heading, into, segments, table } from "../pieces.js";
import { showPeople } from "../people.js";
import { changed, modelField, phaseName, range, rangeBefore, rangeFields } from "../question.js";
import { rules } from "../rules.js";
import { plainSteps, stepRows } from "../steps.js";

const BY = ["", "channel", "first_channel", "campaign", "source", "contact", "device", "country", "segment", "experiment:", "property:", "trait:"];
const MOST_GROUPS = 8;

export async function draw(root, first, signal) {
  let parameters = first;
  const form = h("div");
  const result = h("div");
  const events = h("datalist", { id: "events" });
  const change = (changes) => {
    parameters = changed(parameters, changes);
    replace("funnel", parameters);
    load();
  };
  const again = (changes) => {
    change(changes);
    drawForm();
  };
  const load = () => into(result, () => answer(parameters, change), signal, 420);
  const drawForm = async () => {
    const made = parameters.has("steps") ? stepForm(parameters, change) : await phaseForm(parameters, change);
    show(form, card(t("funnel.question"), { tools: segments(t("funnel.kind"), [["phases", t("funnel.phases")], ["steps", t("funnel.steps")]], parameters.has("steps") ? "steps" : "phases", (kind) => again({ steps: kind === "steps" ? plainSteps() : "", order: "", by: "", touch: "" })) }, made));
  };
  if (signal.aborted) return;
  show(root, heading("funnel"), form, result, events);
  load();
  await drawForm();
  ask("/v1/coverage", { limit: 200 }).then(({ rows }) => show(events, [...new Set(rows.map((row) => row.event))].sort().map((value) => h("option", { value }))), () => {});
}

const choices = (prefix, list, first = list[0]) => list.map((each) => [each === first ? "" : each, t(`${prefix}.${each}`)]);

const unitField = (parameters, change) =>
  field(t("unit"), { choices: choices("unit", ["customer", "journey", "account"]), value: parameters.get("unit") ?? "", name: "unit", onchange: (value) => change({ unit: value }) });

async function phaseForm(parameters, change) {
  const get = (each) => parameters.get(each) ?? "";
  return h("div", { class: "stack" },
    h("div", { class: "controls" },
      await modelField(get("model") || "acpl", (value) => change({ model: value })),
      field(t("order"), { choices: choices("order", ["reached", "touched", "ordered", "strict"]), value: get("order"), name: "order", onchange: (value) => change({ order: value }) }),
      unitField(parameters, change),
      field(t("basis"), { choices: choices("basis", ["started", "within"]), value: get("basis"), name: "basis", onchange: (value) => change({ basis: value }) }),
      ...shared(parameters, change)),
    h("div", {}, h("h3", {}, t("filters")), filterRows(parameters.getAll("where").map(parse), (list) => change({ where: list.map(written) }))));
}

function shared(parameters, change) {
  const get = (each) => parameters.get(each) ?? "";
  const by = BY.find((each) => (each.endsWith(":") ? get("by").startsWith(each) : each === get("by"))) ?? "";
  const named = field(t("filter.name"), { value: get("by").slice(by.length), name: "by-name", onchange: (value) => change({ by: by_ + value.trim() }) });
  let by_ = by;
  named.classList.toggle("hidden", !by.endsWith(":"));
  const choose = (value) => {
    by_ = value;
    named.classList.toggle("hidden", !value.endsWith(":"));
    if (!value.endsWith(":")) change({ by: value });
    else named.querySelector("input").focus();
  };
  return [
    field(t("window"), { value: get("window"), name: "window", placeholder: t("window.none"), pattern: "[0-9]+(ms|s|m|h|d|w)", size: 8, onchange: (value) => change({ window: value.trim() }) }),
    field(t("by"), { choices: BY.map((each) => [each, t(`by.${each.replace(":", "") || "none"}`)]), value: by, name: "by", onchange: choose }),
    named,
    field(t("touch"), { choices: choices("touch", ["first", "last"]), value: get("touch"), name: "touch", onchange: (value) => change({ touch: value }) }),
    ...rangeFields(parameters, change),
    h("label", { class: "box" }, h("input", { type: "checkbox", name: "compare", checked: get("compare") === "before", onchange: (event) => change({ compare: event.target.checked ? "before" : "" }) }), t("compare")),
  ];
}

/** The steps of the address; Unreadable where they are none. */
function stepsOf(parameters) {
  const steps = readJson(parameters.get("steps"));
  if (!Array.isArray(steps) || !steps.every((each) => each && typeof each === "object")) throw new Unreadable(parameters.get("steps"));
  return steps;
}

function stepForm(parameters, change) {
  const get = (each) => parameters.get(each) ?? "";
  return h("div", { class: "stack" },
    stepRows(stepsOf(parameters), (steps) => change({ steps: JSON.stringify(steps) })),
    h("div", { class: "controls" },
      field(t("order"), { choices: choices("order", ["ordered", "strict", "any"]), value: get("order"), name: "order", onchange: (value) => change({ order: value }) }),
      unitField(parameters, change),
      ...shared(parameters, change),
      field(t("hold"), { value: get("hold"), name: "hold", placeholder: "properties.cart_id", onchange: (value) => change({ hold: value.trim() }) }),
      field(t("exclude"), { value: get("exclude"), name: "exclude", list: "events", onchange: (value) => change({ exclude: value.trim() }) })));
}

/** The call that the address means, in a range. */
function callOf(parameters, { from, to }) {
  const get = (each) => parameters.get(each) ?? "";
  if (!parameters.has("steps")) {
    return { path: "/v1/funnel", people: "/v1/funnel/people", parameters: { model: get("model") || "acpl", order: get("order"), unit: get("unit"), window: get("window"), by: get("by"), touch: get("by") && get("touch"), basis: get("basis"), where: parameters.getAll("where"), from, to } };
  }
  const steps = stepsOf(parameters).map(({ where, ...step }) => ({ ...step, ...(where?.length && { where: where.flatMap((each) => asObjects(fromObject(each))) }) }));
  const body = { steps, order: get("order") || "ordered" };
  for (const each of ["unit", "window", "by", "touch", "hold"]) if (get(each)) body[each] = get(each);
  if (from) body.from = from;
  if (to) body.to = to;
  if (get("exclude")) body.exclude = [{ event: get("exclude"), after: 1, before: steps.findLastIndex((each) => !each.optional) + 1 }]; // no optional step bounds it
  return { path: "/v1/funnel/steps", people: "/v1/funnel/steps/people", parameters: {}, method: "POST", body };
}

async function answer(parameters, change) {
  const asked = range(parameters);
  const call = callOf(parameters, asked);
  if (call.body && call.body.steps.some((step) => !step.event && !step.any_of)) return h("div", { class: "card" }, empty(t("steps.incomplete"), t("steps.incomplete.text")));
  const before = parameters.get("compare") ? rangeBefore(asked) : null;
  const [found, former] = await Promise.all([ask(call.path, call.parameters, call), before && earlier(parameters, before)]);
  if (!found.rows.length) return h("div", { class: "card" }, empty(t("funnel.none"), t("funnel.none.text")));
  const groups = grouped(found.rows);
  const past = former && grouped(former.rows);
  const shown = parameters.get("show") ?? "count";
  const place = chart(() => options(groups, past, shown, call), { label: t("funnel.label", { n: groups.size, count: groups.size }), height: 340 });
  const tools = segments(t("funnel.show"), [["count", t("trend.count")], ["rate", t("trend.rate")]], shown, (each) => change({ show: each === "count" ? "" : each }));
  const note = parameters.get("compare") ? (before ? t("compare.with", { from: day(before.from), to: day(before.to) }) : t("compare.open")) : t("overview.funnel.note");
  return card(t("funnel.answer"), { note, tools }, place,
    h("div", { class: "row end" }, exports_(call, { name: "funnel", chart: () => place })),
    groups.size === 1 ? single([...groups.values()][0], past && [...past.values()][0], call) : pivot(groups, past, call),
    rules(found.meta));
}

const earlier = (parameters, before) => {
  const call = callOf(parameters, before);
  return ask(call.path, call.parameters, call);
};

/** Rows by group, the largest first. */
function grouped(rows) {
  const groups = new Map();
  for (const row of rows) groups.set(row.group, [...(groups.get(row.group) ?? []), row]);
  return new Map([...groups].sort((a, b) => b[1][0].count - a[1][0].count));
}

const phaseOf = (row) => (row.phase !== undefined ? phaseName(row.phase) : `${row.position}. ${row.step === "*" ? t("steps.any") : row.step}`);
const NAMED = { channel: "channel", first_channel: "channel", contact: "contact", segment: "segment", device: "device" };

/** A group in words where it is one of ours; what the sender named keeps the sender's name. */
function groupName(group, call) {
  if (group == null) return t("value.none");
  const by = (call.body ?? call.parameters).by ?? "";
  if (by === "country") return country(group);
  return by in NAMED ? name(NAMED[by], group) : group;
}


function options(groups, past, shown, call) {
  const drawn = [...groups].slice(0, MOST_GROUPS);
  const rows = drawn[0][1];
  const formatted = shown === "rate" ? percent : whole;
  const narrow = matchMedia("(max-width: 600px)").matches;
  const bars = (name_, data, colour, more = {}) => ({ name: name_, type: "bar", barMaxWidth: 64, barGap: "8%", itemStyle: { borderRadius: [5, 5, 0, 0], color: colour }, label: { show: drawn.length * (past ? 2 : 1) <= 2, position: "top", color: variable("--ink-2"), fontWeight: 600, fontSize: 12, formatter: ({ value }) => formatted(value) }, data, ...more });
  const series = drawn.flatMap(([group, some], index) => {
    const colour = groupColour(index);
    const former = past?.get(group);
    const own = bars(drawn.length > 1 ? groupName(group, call) : t("funnel.now"), some.map((row, place) => ({ value: row[shown], itemStyle: drawn.length > 1 ? {} : { color: phaseColour(place + 1, some.length) } })), colour);
    return former ? [bars(`${drawn.length > 1 ? groupName(group, call) : ""} ${t("compare.before")}`.trim(), former.map((row) => row[shown]), variable("--line-2")), own] : [own];
  });
  return {
    grid: { left: 4, right: 8, top: series.length > 1 ? 56 : 26, bottom: 4, containLabel: true },
    legend: legend({ show: series.length > 1, type: "scroll", itemHeight: 14, itemWidth: 14 }),
    tooltip: tooltip((points) => [h("b", {}, points[0].axisValue), points.map((each) => tipLine(each.color, each.seriesName, formatted(each.value)))], { trigger: "axis", axisPointer: { type: "shadow", shadowStyle: { opacity: 0.06 } } }),
    xAxis: axis({ type: "category", data: rows.map(phaseOf), axisLabel: { color: variable("--ink-2"), fontSize: 12, interval: 0, width: 110, lineHeight: 15, margin: 10, overflow: "break", rotate: narrow && rows.length > 2 ? 28 : 0 } }),
    yAxis: axis({ type: "value", axisLine: { show: false }, splitNumber: 4, axisLabel: { ...axis().axisLabel, formatter: formatted } }),
    series,
  };
}

/** The parameters that name a cell, for its people. */
function open(call, row, state) {
  const count = state === "reached" ? row.count : row.dropped;
  const title = t(`people.title.${state}`, { phase: phaseOf(row) });
  const note = [row.group != null && groupName(row.group, call), t("people.count", { n: count, count })].filter(Boolean).join(" · ");
  if (call.body) showPeople(title, note, call.people, {}, { method: "POST", body: { ...call.body, step: row.position, state, ...(row.group != null && { group: row.group }) } });
  else showPeople(title, note, call.people, { ...call.parameters, phase: row.phase, state, group: row.group ?? "" });
}

const pick = (call, row, state, words) => h("button", { class: "link number", type: "button", "data-figure": `${state}.${row.group ?? ""}.${row.phase ?? row.step}`, onclick: () => open(call, row, state) }, words);

const delta = (now, before) => before != null && before !== now && h("span", { class: `delta ${now >= before ? "up" : "down"}` }, before ? difference((now - before) / before) : t("compare.new"));

function single(rows, past, call) {
  return table([
    [t(rows[0].phase !== undefined ? "phase" : "step"), (row, index) => h("span", { class: "row" }, h("span", { class: "dot", style: { "--tone": phaseColour(index + 1, rows.length) } }), phaseOf(row))],
    [t("count"), (row, index) => [pick(call, row, "reached", whole(row.count)), delta(row.count, past?.[index]?.count)], "right"],
    [t("rate.first"), (row) => percent(row.rate), "right"],
    [t("rate.step"), (row) => (row.position > 1 ? percent(row.step_rate) : "–"), "right"],
    ...(rows[0].dropped !== undefined ? [[t("dropped"), (row) => pick(call, row, "dropped", whole(row.dropped)), "right"]] : []),
    [t("median.short"), (row) => duration(row.median_seconds), "right"],
    [t("average.short"), (row) => duration(row.average_seconds), "right"],
  ], rows, t("funnel.answer"));
}

function pivot(groups, past, call) {
  const first = [...groups.values()][0];
  return table([
    [t("group"), ([group]) => h("b", {}, groupName(group, call))],
    ...first.map((row, index) => [phaseOf(row), ([group, rows]) => [pick(call, rows[index], "reached", whole(rows[index].count)), delta(rows[index].count, past?.get(group)?.[index]?.count), h("span", { class: "aside" }, index ? percent(rows[index].rate) : "")], "right"]),
    [t("median.last"), ([, rows]) => duration(rows.at(-1).median_seconds), "right"],
  ], [...groups], t("funnel.answer"));
}
