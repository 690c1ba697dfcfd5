// Filters as rows of field, comparison and value, with alternatives beside them; in an address and in a body as the API has them.
import { readJson, Unreadable } from "./address.js";
import { h } from "./dom.js";
import { name, t } from "./i18n.js";
import { icon } from "./icons.js";

const FIELDS = ["channel", "event", "contact", "offline", "account", "value", "currency", "sentiment", "page.path", "page.url", "page.title", "page.referrer", "campaign.source", "campaign.medium", "campaign.name", "campaign.term", "campaign.content", "device.type", "device.browser", "device.os", "country", "segment"];
const NAMED = ["properties", "trait", "experiment"];
const OPS = ["eq", "ne", "in", "not_in", "contains", "not_contains", "starts_with", "ends_with", "matches", "gt", "gte", "lt", "lte", "exists", "not_exists"];
const ALONE = ["exists", "not_exists"];
const LISTS = ["in", "not_in"];
const ON_TEXT = ["contains", "not_contains", "starts_with", "ends_with", "matches"];
const TYPED = /^(value|sentiment|offline|properties\..*|trait\..*)$/;

// A condition is a list of alternatives, each a list of filters {field, op, value (text)}; a plain filter is [[filter]].

/** A condition out of an address: `field:op:value`, split at the first two colons, or JSON. */
export function parse(text) {
  if (text.startsWith("{")) return fromObject(readJson(text));
  const [field, op, ...value] = text.split(":");
  return [[{ field, op, value: value.join(":") }]];
}

/** For an address; JSON where there are alternatives. */
export function written(condition) {
  if (condition.length > 1) return JSON.stringify(asObjects(condition)[0]);
  const [{ field, op, value }] = condition[0];
  return ALONE.includes(op) ? `${field}:${op}` : `${field}:${op}:${value}`;
}

/** For a body, which has several filters of one alternative as several conditions. */
export const asObjects = (condition) => (condition.length > 1 ? [{ any_of: condition.map((part) => part.map(asObject)) }] : condition[0].map(asObject));

/** Out of an address or a body; Unreadable where it is no condition. */
export function fromObject(given) {
  const parts = given?.any_of ?? [[given]];
  const fits = Array.isArray(parts) && parts.every((part) => Array.isArray(part) && part.every((each) => typeof each?.field === "string"));
  if (!fits) throw new Unreadable(JSON.stringify(given));
  return parts.map((part) => part.map(plain));
}

const plain = ({ field, op, value }) => ({ field, op, value: Array.isArray(value) ? value.join(",") : value === undefined ? "" : String(value) });

/** Numbers, true, false and null as JSON has them, where the field or the comparison does not take texts alone. */
function asObject({ field, op, value }) {
  if (ALONE.includes(op)) return { field, op };
  const scalar = (text) => (TYPED.test(field) && !ON_TEXT.includes(op) && /^(true|false|null|-?(0|[1-9]\d*)(\.\d+)?([eE][+-]?\d+)?)$/.test(text) ? JSON.parse(text) : text);
  return { field, op, value: LISTS.includes(op) ? value.split(",").map((each) => scalar(each.trim())) : scalar(value) };
}

const complete = ({ field, op, value }) => field && !field.endsWith(".") && (ALONE.includes(op) || value !== "");

/** What can be asked of a list that is being edited: parts without a filter are left out, and one that is left alone is no alternative. */
const finished = (list) => list.map((condition) => condition.map((part) => part.filter(complete)).filter((part) => part.length)).filter((condition) => condition.length).flatMap((condition) => (condition.length > 1 ? [condition] : condition[0].map((each) => [[each]])));

const fresh = () => ({ field: "channel", op: "eq", value: "" });

/** An editor over a list of conditions; `onchange(list)` when one is complete, changed or gone. */
export function filterRows(list, onchange) {
  const place = h("div", { class: "filters" });
  const told = () => onchange(finished(list));
  const button = (drawing, words, onclick) => h("button", { class: "button plain small", type: "button", onclick }, icon(drawing, 15), words);
  const drawRows = () => place.replaceChildren(...list.map(conditionBox), button("plus", t("filter.add"), () => added(list, [[fresh()]])));
  /** Puts something new into a list, and the reader into its first field. */
  function added(into, item) {
    into.push(item);
    drawRows();
    const where = item[0]?.[0] ?? item[0] ?? item;
    place.querySelector(`[data-row="${rowsOf(list).indexOf(where)}"] select`)?.focus();
  }
  const rowsOf = (conditions) => conditions.flat(2);
  const alternatives = (condition) => h("div", { class: "alternatives", role: "group", "aria-label": t("filter.any") },
    condition.flatMap((part, index) => [
      index > 0 && h("span", { class: "or" }, t("or")),
      h("div", { class: "part" }, part.map((each) => row(each, part, condition)), button("plus", t("filter.and"), () => added(part, fresh()))),
    ]),
    button("plus", t("filter.or"), () => added(condition, [fresh()])));
  const conditionBox = (condition) => (condition.length > 1 ? alternatives(condition) : condition[0].length > 1 ? h("div", { class: "part" }, condition[0].map((each) => row(each, condition[0], condition))) : row(condition[0][0], condition[0], condition, button("plus", t("filter.or"), () => added(condition, [fresh()]))));
  function removed(each, part, condition) {
    part.splice(part.indexOf(each), 1);
    if (!part.length) condition.splice(condition.indexOf(part), 1);
    if (!condition.length) list.splice(list.indexOf(condition), 1);
    drawRows();
    told();
    place.lastChild.focus();
  }
  function row(each, part, condition, ...more) {
    const prefix = NAMED.find((some) => each.field.startsWith(`${some}.`));
    const set = (changes, again) => {
      Object.assign(each, changes);
      if (again) {
        drawRows();
        place.querySelector(`[data-row="${rowsOf(list).indexOf(each)}"] [name="${again}"]`)?.focus();
      }
      told();
    };
    return h("div", { class: "filter", "data-row": rowsOf(list).indexOf(each) },
      h("select", { class: "input", name: "filter-field", "aria-label": t("filter.field"), onchange: (event) => set({ field: NAMED.includes(event.target.value) ? `${event.target.value}.` : event.target.value }, "filter-field") },
        [...FIELDS, ...NAMED].map((some) => h("option", { value: some, selected: some === (prefix ?? each.field) }, name("field", some)))),
      prefix && h("input", { class: "input mono", "aria-label": t("filter.name"), placeholder: t("filter.name"), value: each.field.slice(prefix.length + 1), onchange: (event) => set({ field: `${prefix}.${event.target.value.trim()}` }) }),
      h("select", { class: "input", name: "filter-op", "aria-label": t("filter.op"), onchange: (event) => set({ op: event.target.value }, "filter-op") }, OPS.map((some) => h("option", { value: some, selected: some === each.op }, t(`op.${some}`)))),
      !ALONE.includes(each.op) && h("input", { class: "input", "aria-label": t("filter.value"), placeholder: LISTS.includes(each.op) ? "a, b" : t("filter.value"), value: each.value, list: each.field === "event" ? "events" : null, onchange: (event) => set({ value: event.target.value.trim() }) }),
      h("button", { class: "button plain small", type: "button", "aria-label": t("filter.remove"), onclick: () => removed(each, part, condition) }, icon("close", 15)),
      more);
  }
  drawRows();
  return place;
}
