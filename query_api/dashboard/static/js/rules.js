// The rules of a number, out of the `meta` of its answer, in plain words.
import { h } from "./dom.js";
import { day, duration, has, moment, name, t, whole } from "./i18n.js";

/** A list that opens: what was counted, of what time, with which model, up to when, and what was left out. */
export function rules(meta, ...more) {
  const sentences = [...said(meta), ...more].filter(Boolean);
  return h("details", { class: "rules" }, h("summary", {}, t("rules.title")), h("ul", {}, sentences.map((each) => h("li", {}, each))));
}

/** A funnel of steps, the paths of journeys and the map count in ways of their own: `kind` is "" for all others. */
function said(meta) {
  const kind = meta.steps ? "steps." : "collapse" in meta ? "paths." : "";
  return [
    meta.model && t("rules.model", { model: meta.model, version: meta.model_version }),
    meta.order && known(`rules.order.${kind}${meta.order}`),
    meta.unit && !meta.counted && known(`rules.unit.${kind === "steps." ? kind : ""}${meta.unit}`),
    range(meta),
    meta.basis && known(`rules.basis.${meta.basis}`),
    "window_ms" in meta && (meta.window_ms ? t(meta.steps ? "rules.window.steps" : "rules.window", { time: duration(meta.window_ms / 1000) }) : t("rules.window.none")),
    ...(kind === "paths." ? ofPaths(meta) : ofGroups(meta)),
    ...(meta.steps ?? []).flatMap(ofStep),
    ...(meta.exclude ?? []).map((each) => t("rules.exclude", each)),
    meta.hold && t("rules.hold", { field: meta.hold }),
    meta.interval && t("rules.interval", { interval: t(`interval.${meta.interval}`), zone: meta.time_zone }),
    meta.where?.length > 0 && t("rules.where", { filters: conditions(meta.where) }),
    meta.ties && t(kind === "paths." ? `rules.ties.${meta.by === "phase" ? "phase" : "sequence"}` : "rules.ties"),
    meta.watermark?.journeys && t("rules.watermark", { moment: moment(meta.watermark.journeys) }),
    ...left(meta.excluded),
    meta.identity?.rules && t("rules.identity", { rules: meta.identity.rules, generation: meta.identity.generation }),
  ];
}

const ofGroups = (meta) => [
  meta.by && t("rules.by", { by: groupsOf(meta.by) }),
  meta.by && meta.touch && has(`touch.${meta.touch}`) && t("rules.by.touch", { touch: t(`touch.${meta.touch}`) }),
];

function ofPaths({ by, collapse, start, end, depth, aligned, nodes }) {
  const called = (node) => (by === "event" ? node : name(by, node));
  return [
    t(`rules.paths.${by}`),
    t(collapse ? "rules.collapse" : "rules.collapse.none"),
    start && t("rules.start", { node: called(start) }),
    end && t("rules.end", { node: called(end) }),
    depth && t(`rules.depth.${aligned}`, { n: depth, count: depth }),
    nodes && t("rules.nodes", { count: nodes }),
  ];
}

function ofStep({ name: step, optional, first_time, any_of }, index) {
  const filters = any_of.filter((each) => each.where.length).map((each) => conditions(each.where));
  return [
    optional && t("rules.step.optional", { step }),
    first_time && t("rules.step.first_time", { step }),
    filters.length > 0 && t("rules.step.where", { number: index + 1, filters: filters.join(` ${t("or")} `) }),
  ];
}

/** What groups are made by: `property:plan` is called by the name that the sender gave it. */
const groupsOf = (by) => by.split(",").map((each) => (each.includes(":") ? each.slice(each.indexOf(":") + 1) : has(`by.${each}`) ? t(`by.${each}`) : each)).join(", ");

const known = (key) => has(key) && t(key);

function range(meta) {
  if (!("from" in meta)) return null;
  if (!meta.from && !meta.to) return t("rules.range.all");
  if (!meta.to) return t("rules.range.from", { from: day(meta.from) });
  if (!meta.from) return t("rules.range.to", { to: day(meta.to) });
  return t("rules.range", { from: day(meta.from), to: day(meta.to) });
}

const conditions = (list) => list.map(condition).join("; ");

function condition(each) {
  if (typeof each === "string") return each;
  if (each.any_of) return each.any_of.map((some) => some.map(condition).join(` ${t("and")} `)).join(` ${t("or")} `);
  return [name("field", each.field), has(`op.${each.op}`) ? t(`op.${each.op}`) : each.op, each.value ?? ""].join(" ").trim();
}

function left(excluded = {}) {
  const some = Object.entries(excluded ?? {}).filter(([, count]) => typeof count === "number");
  const counted = some.filter(([, count]) => count > 0).map(([what, count]) => (has(`rules.excluded.${what}`) ? t(`rules.excluded.${what}`, { count }) : `${what}: ${whole(count)}`));
  return some.length && !counted.length ? [t("rules.excluded.none")] : counted;
}
