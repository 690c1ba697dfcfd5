// Filters as rows of field, comparison and value; in an address `field:op:value`, in a body an object.
import { h } from "./dom.js";
import { name, t } from "./i18n.js";
import { icon } from "./icons.js";

const FIELDS = ["channel", "event", "contact", "offline", "account", "value", "currency", "sentiment", "page.path", "page.url", "page.title", "page.referrer", "campaign.source", "campaign.medium", "campaign.name", "campaign.term", "campaign.content", "device.type", "device.browser", "device.os", "country", "segment"];
const NAMED = ["properties", "trait", "experiment"];
const OPS = ["eq", "ne", "in", "not_in", "contains", "not_contains", "starts_with", "ends_with", "matches", "gt", "gte", "lt", "lte", "exists", "not_exists"];
const ALONE = ["exists", "not_exists"];

/** `field:op:value`, split at the first two colons. */
export function parse(text) {
  const [field, op, ...value] = text.split(":");
  return { field, op, value: value.join(":") };
}

export const written = ({ field, op, value }) => (ALONE.includes(op) ? `${field}:${op}` : `${field}:${op}:${value}`);

/** For a body: numbers, true, false and null as JSON has them, lists as lists. */
export function asObject({ field, op, value }) {
  if (ALONE.includes(op)) return { field, op };
  return { field, op, value: op === "in" || op === "not_in" ? value.split(",").map((each) => scalar(each.trim())) : scalar(value) };
}

function scalar(text) {
  if (["true", "false", "null"].includes(text) || (text !== "" && !Number.isNaN(Number(text)))) return JSON.parse(text.match(/^(true|false|null)$/) ? text : String(Number(text)));
  return text;
}

export const fromObject = ({ field, op, value }) => ({ field, op, value: Array.isArray(value) ? value.join(",") : value === undefined ? "" : String(value) });

/** An editor over a list of filters; `onchange(list)` when one is complete, changed or gone. */
export function filterRows(list, onchange) {
  const place = h("div", { class: "filters" });
  const complete = (each) => each.field && !each.field.endsWith(".") && (ALONE.includes(each.op) || each.value !== "");
  const told = () => onchange(list.filter(complete));
  const drawRows = () => place.replaceChildren(...list.map((each, index) => row(each, index)), add());
  const add = () => h("button", { class: "button plain small", type: "button", onclick: () => {
    list.push({ field: "channel", op: "eq", value: "" });
    drawRows();
    place.querySelector(".filter:last-of-type select")?.focus();
  } }, icon("plus", 15), t("filter.add"));
  function row(each, index) {
    const prefix = NAMED.find((some) => each.field.startsWith(`${some}.`));
    const set = (changes, again) => {
      Object.assign(each, changes);
      if (again) drawRows();
      told();
    };
    return h("div", { class: "filter" },
      h("select", { class: "input", "aria-label": t("filter.field"), onchange: (event) => set({ field: NAMED.includes(event.target.value) ? `${event.target.value}.` : event.target.value }, true) },
        [...FIELDS, ...NAMED].map((some) => h("option", { value: some, selected: some === (prefix ?? each.field) }, name("field", some)))),
      prefix && h("input", { class: "input mono", "aria-label": t("filter.name"), placeholder: t("filter.name"), value: each.field.slice(prefix.length + 1), onchange: (event) => set({ field: `${prefix}.${event.target.value.trim()}` }) }),
      h("select", { class: "input", "aria-label": t("filter.op"), onchange: (event) => set({ op: event.target.value }, true) }, OPS.map((some) => h("option", { value: some, selected: some === each.op }, t(`op.${some}`)))),
      !ALONE.includes(each.op) && h("input", { class: "input", "aria-label": t("filter.value"), placeholder: each.op.endsWith("in") ? "a, b" : t("filter.value"), value: each.value, list: each.field === "event" ? "events" : null, onchange: (event) => set({ value: event.target.value.trim() }) }),
      h("button", { class: "button plain small", type: "button", "aria-label": t("filter.remove"), onclick: () => {
        list.splice(index, 1);
        drawRows();
        told();
      } }, icon("close", 15)));
  }
  drawRows();
  return place;
}
