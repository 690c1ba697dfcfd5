// Steps of a funnel of one's own: rows that can be moved, filtered, made optional.
import { h } from "./dom.js";
import { t } from "./i18n.js";
import { asObjects, filterRows, fromObject } from "./filters.js";
import { icon } from "./icons.js";

const MOST = 10;

/** What a new question begins with, as the address has it. */
export const plainSteps = () => JSON.stringify([{ event: "Page Viewed" }, { event: "Product Viewed" }, { event: "*" }]);

/** `onchange(steps)` whenever one changes. */
export function stepRows(steps, onchange) {
  const list = h("ol", { class: "steplist" });
  const told = () => onchange(steps);
  const drawRows = () => list.replaceChildren(...steps.map(row));
  const moved = (from, to) => {
    steps.splice(to, 0, ...steps.splice(from, 1));
    drawRows();
    const [up, down] = list.children[to].querySelectorAll(".actions button");
    (to > from ? [down, up] : [up, down]).find((each) => !each.disabled).focus(); // on the step that was moved
    told();
  };
  const flag = (step, name) =>
    h("label", { class: "box" }, h("input", { type: "checkbox", checked: Boolean(step[name]), onchange: (event) => {
      if (event.target.checked) step[name] = true;
      else delete step[name];
      told();
    } }), t(`steps.${name}`));
  function row(step, index) {
    return h("li", {},
      h("span", { class: "place", "aria-hidden": "true" }, index + 1),
      h("div", { class: "stack" },
        h("div", { class: "controls" },
          h("label", { class: "field grow" }, h("span", { class: "only-read" }, t("steps.event", { number: index + 1 })), h("input", { class: "input", list: "events", value: step.event ?? "", placeholder: step.any_of?.map((each) => each.event).join(` ${t("or")} `) ?? t("steps.placeholder"), onchange: (event) => {
            step.event = event.target.value.trim();
            delete step.any_of;
            told();
          } })),
          flag(step, "optional"), flag(step, "first_time"),
          h("div", { class: "actions" },
            h("button", { class: "button plain small", type: "button", disabled: index === 0, "aria-label": t("steps.up"), onclick: () => moved(index, index - 1) }, "↑"),
            h("button", { class: "button plain small", type: "button", disabled: index === steps.length - 1, "aria-label": t("steps.down"), onclick: () => moved(index, index + 1) }, "↓"),
            h("button", { class: "button plain small", type: "button", disabled: steps.length < 2, "aria-label": t("steps.remove"), onclick: () => {
              steps.splice(index, 1);
              drawRows();
              list.children[Math.min(index, steps.length - 1)].querySelector("input").focus();
              told();
            } }, icon("close", 15)))),
        filterRows((step.where ?? []).map(fromObject), (where) => {
          if (where.length) step.where = where.flatMap(asObjects);
          else delete step.where;
          told();
        })));
  }
  const add = h("button", { class: "button small", type: "button", onclick: () => {
    if (steps.length >= MOST) return;
    steps.push({ event: "" });
    drawRows();
    list.querySelector("li:last-child input")?.focus();
  } }, icon("plus", 15), t("steps.add"));
  drawRows();
  return h("div", { class: "stack" }, list, h("div", {}, add));
}
