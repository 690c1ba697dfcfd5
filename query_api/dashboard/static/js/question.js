// The parts of a question that several views share: model, time range, and how they stand in the address.
import { ask } from "./api.js";
import { phaseColour } from "./colours.js";
import { h } from "./dom.js";
import { name, t } from "./i18n.js";
import { field } from "./pieces.js";

const DAY = 86_400_000;
const PRESETS = ["", "7", "30", "90", "365"];
let known = null;

/** The phase models that answer: [{model, title, phases, conversion}], from `/v1/models`, or built in where it is absent. */
export async function models() {
  known ??= ask("/v1/models").then(({ rows }) => rows.filter((row) => row.answers).map(shaped)).catch(() => [..."acpl aida aoea bda stdc".split(" ")].map((model) => shaped({ model })));
  return known;
}

export const forgetModels = () => (known = null);

const CONVERSIONS = { acpl: "purchase", aida: "action", stdc: "do", aoea: "onboarding", bda: "during" };

const shaped = (row) => ({
  model: row.model ?? row.name,
  title: row.source === "saved" || row.source === "file" ? row.title || row.name : (row.model ?? row.name).toUpperCase(),
  conversion: row.conversion ?? CONVERSIONS[row.model ?? row.name],
  phases: (row.phases ?? []).map((each) => each.name ?? each.phase ?? each),
  state: row.state,
});

export async function modelField(value, onchange) {
  const list = await models();
  const choices = list.map((each) => [each.model, each.title === each.model.toUpperCase() ? each.title : `${each.title}`]);
  if (!choices.some(([each]) => each === value)) choices.push([value, value]);
  return field(t("model"), { choices, value, onchange, name: "model" });
}

/** Where the journey is to lead: the model's conversion phase among these, else the last one. */
export async function conversionOf(model, phases) {
  const found = (await models()).find((each) => each.model === model)?.conversion;
  return phases.includes(found) ? found : phases.at(-1);
}

/** Time range: a number of days up to now, or two dates. In the address `days`, or `from` and `to`. */
export function rangeFields(parameters, onchange) {
  const custom = parameters.get("from") || parameters.get("to");
  const from = h("input", { class: "input", type: "date", value: parameters.get("from") ?? "", "aria-label": t("from"), onchange: () => onchange({ days: "", from: from.value, to: to.value }) });
  const to = h("input", { class: "input", type: "date", value: parameters.get("to") ?? "", "aria-label": t("to"), onchange: () => onchange({ days: "", from: from.value, to: to.value }) });
  const dates = h("span", { class: `row ${custom ? "" : "hidden"}` }, from, to);
  const choose = (value) => {
    dates.classList.toggle("hidden", value !== "custom");
    if (value !== "custom") onchange({ days: value, from: "", to: "" });
    else from.focus();
  };
  const choices = [...PRESETS.map((days) => [days, t(days ? "range.days" : "range.all", { days })]), ["custom", t("range.custom")]];
  return [field(t("range"), { choices, value: custom ? "custom" : parameters.get("days") ?? "", onchange: choose, name: "range" }), dates];
}

/** `from` and `to` of a call. Days are whole, so that the same address gives the same question all day. */
export function range(parameters, now = Date.now()) {
  const days = Number(parameters.get("days"));
  if (!days) return { from: parameters.get("from") ?? "", to: parameters.get("to") ?? "" };
  const tomorrow = Math.floor(now / DAY) * DAY + DAY;
  return { from: date(tomorrow - days * DAY), to: date(tomorrow) };
}

/** The range of the same length before it; null where there is no beginning. */
export function rangeBefore({ from, to }, now = Date.now()) {
  if (!from) return null;
  const begin = Date.parse(from);
  const end = to ? Date.parse(to) : Math.floor(now / DAY) * DAY + DAY;
  return { from: date(begin - (end - begin)), to: date(begin) };
}

const date = (ms) => new Date(ms).toISOString().slice(0, 10);

export const phaseName = (phase) => (phase == null ? t("phase.unmapped") : name("phase", phase));

/** A phase with its colour. */
export const phaseChip = (phase, phases) =>
  h("span", { class: "chip" }, h("span", { class: "dot", style: { "--tone": phaseTone(phase, phases) } }), phaseName(phase));

export const phaseTone = (phase, phases) => (phases.includes(phase) ? phaseColour(phases.indexOf(phase) + 1, phases.length) : "var(--line-2)");

/** Parameters with some changed, empty ones dropped. */
export function changed(parameters, changes) {
  const next = new URLSearchParams(parameters);
  for (const [name, value] of Object.entries(changes)) {
    next.delete(name);
    for (const each of Array.isArray(value) ? value : [value]) if (each !== "" && each != null) next.append(name, each);
  }
  return next;
}
