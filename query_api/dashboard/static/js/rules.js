// The rules of a number, out of the `meta` of its answer, in plain words.
import { h } from "./dom.js";
import { day, duration, has, moment, name, t, whole } from "./i18n.js";

/** A list that opens: what was counted, of what time, with which model, up to when, and what was left out. */
export function rules(meta, ...more) {
  const sentences = [...said(meta), ...more].filter(Boolean);
  return h("details", { class: "rules" }, h("summary", {}, t("rules.title")), h("ul", {}, sentences.map((each) => h("li", {}, each))));
}

function said(meta) {
  return [
    meta.model && t("rules.model", { model: meta.model, version: meta.model_version }),
    meta.order && known(`rules.order.${meta.order}`, meta.order),
    meta.unit && known(`rules.unit.${meta.unit}`, meta.unit),
    range(meta),
    meta.basis && known(`rules.basis.${meta.basis}`, meta.basis),
    "window_ms" in meta && (meta.window_ms ? t("rules.window", { time: duration(meta.window_ms / 1000) }) : t("rules.window.none")),
    meta.by && t("rules.by", { by: groupsOf(meta.by) }),
    meta.by && meta.touch && has(`touch.${meta.touch}`) && t("rules.by.touch", { touch: t(`touch.${meta.touch}`) }),
    meta.interval && t("rules.interval", { interval: t(`interval.${meta.interval}`), zone: meta.time_zone }),
    ...(meta.where?.length ? [t("rules.where", { filters: meta.where.map(condition).join("; ") })] : []),
    meta.ties && t("rules.ties"),
    meta.watermark?.journeys && t("rules.watermark", { moment: moment(meta.watermark.journeys) }),
    ...left(meta.excluded),
    ...(meta.rules ?? []).filter((each) => typeof each === "string"),
    meta.identity?.rules && t("rules.identity", { rules: meta.identity.rules, generation: meta.identity.generation }),
  ];
}

/** What groups are made by: `property:plan` is called by the name that the sender gave it. */
const groupsOf = (by) => by.split(",").map((each) => (each.includes(":") ? each.slice(each.indexOf(":") + 1) : known(`by.${each}`, each))).join(", ");

const known = (key, fallback) => (has(key) ? t(key) : fallback);

function range(meta) {
  if (!("from" in meta)) return null;
  if (!meta.from && !meta.to) return t("rules.range.all");
  if (!meta.to) return t("rules.range.from", { from: day(meta.from) });
  if (!meta.from) return t("rules.range.to", { to: day(meta.to) });
  return t("rules.range", { from: day(meta.from), to: day(meta.to) });
}

function condition(each) {
  if (typeof each === "string") return each;
  if (each.any_of) return each.any_of.map((some) => some.map(condition).join(` ${t("and")} `)).join(` ${t("or")} `);
  return [name("field", each.field), known(`op.${each.op}`, each.op), each.value ?? ""].join(" ").trim();
}

function left(excluded = {}) {
  const some = Object.entries(excluded ?? {}).filter(([, count]) => typeof count === "number");
  const counted = some.filter(([, count]) => count > 0).map(([what, count]) => known2(what, count));
  return some.length && !counted.length ? [t("rules.excluded.none")] : counted;
}

const known2 = (what, count) => (has(`rules.excluded.${what}`) ? t(`rules.excluded.${what}`, { count }) : `${what}: ${whole(count)}`);
