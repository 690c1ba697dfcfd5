// The funnel as the profile of a stage: how high each phase stands, how it falls to the next, and what was lost there.
import { phaseColour } from "./colours.js";
import { h, s } from "./dom.js";
import { duration, percent, t, whole } from "./i18n.js";
import { phaseName } from "./question.js";

const WIDE = 100;
const TALL = 100;
const FLAT = 0.56;

/** Rows of one group of a phase funnel. `onpick(row, state)` is called when a figure is chosen. */
export function profile(rows, { conversion, onpick } = {}) {
  const most = Math.max(1, ...rows.map((row) => row.count));
  return h("div", { class: "profile" },
    h("div", { class: "hill", "aria-hidden": "true" }, drawing(rows, most)),
    h("ol", { class: "stages", style: { "--stages": rows.length } }, rows.map((row, index) => stage(row, rows, index, most, conversion, onpick))));
}

function drawing(rows, most) {
  const height = (row) => Math.max(1.2, (row.count / most) * TALL);
  const parts = rows.map((row, index) => {
    const colour = phaseColour(index + 1, rows.length);
    const left = index * WIDE;
    const start = left - (index ? 1.5 : 0); // a little over the one before, so that no seam shows
    const top = TALL - height(row);
    const next = rows[index + 1] ? TALL - height(rows[index + 1]) : top;
    const bend = left + WIDE * FLAT;
    const end = left + WIDE;
    const middle = (bend + end) / 2;
    const to = rows[index + 1] ? phaseColour(index + 2, rows.length) : colour;
    const edge = rows[index + 1] ? `L${bend} ${top} C${middle} ${top} ${middle} ${next} ${end} ${next}` : `L${left + WIDE} ${top}`;
    const right = rows[index + 1] ? end : left + WIDE;
    return [
      s("linearGradient", { id: `slope${index}` }, s("stop", { offset: FLAT, "stop-color": colour }), s("stop", { offset: 1, "stop-color": to })),
      s("path", { d: `M${start} ${TALL} L${start} ${top} ${edge} L${right} ${TALL} Z`, fill: `url(#slope${index})` }),
    ];
  });
  return s("svg", { viewBox: `0 0 ${rows.length * WIDE} ${TALL}`, preserveAspectRatio: "none" }, parts);
}

function stage(row, rows, index, most, conversion, onpick) {
  const pick = (state, content, label) => (onpick ? h("button", { class: "pick", type: "button", "aria-label": label, onclick: () => onpick(row, state) }, content) : content);
  const before = rows[index - 1];
  return h("li", { class: row.phase === conversion ? "goal" : "", style: { "--tone": phaseColour(index + 1, rows.length), "--share": row.count / most } },
    h("div", { class: "name" }, h("span", { class: "dot", style: { "--tone": phaseColour(index + 1, rows.length) } }), phaseName(row.phase), row.phase === conversion && h("span", { class: "flag" }, t("goal"))),
    h("div", { class: "count", "data-figure": `count.${row.phase}` }, pick("reached", whole(row.count), t("people.of", { phase: phaseName(row.phase), count: row.count }))),
    h("div", { class: "level", "aria-hidden": "true" }, h("span", {})),
    h("dl", {},
      fact(t("rate.first"), percent(row.rate), `rate.${row.phase}`),
      before && fact(t("rate.step"), percent(row.step_rate), `step_rate.${row.phase}`),
      before && fact(t("median"), duration(row.median_seconds), `median.${row.phase}`),
      fact(t("dropped"), pick("dropped", whole(row.dropped), t("people.dropped", { phase: phaseName(row.phase), count: row.dropped })), `dropped.${row.phase}`)));
}

const fact = (name, value, id) => h("div", {}, h("dt", {}, name), h("dd", { "data-figure": id }, value));
