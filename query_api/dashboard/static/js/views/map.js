// Journey map: phases across, channels down; in every cell how many, who goes on, how they feel and how they were met.
import { ask } from "../api.js";
import { replace } from "../address.js";
import { phaseColour, sentimentColour } from "../colours.js";
import { h, s, show } from "../dom.js";
import { decimal, name, percent, t, whole } from "../i18n.js";
import { icon } from "../icons.js";
import { filterRows, parse, written } from "../filters.js";
import { card, empty, exports_, heading, into } from "../pieces.js";
import { showPeople } from "../people.js";
import { changed, conversionOf, modelField, models, phaseName, range, rangeFields } from "../question.js";
import { rules } from "../rules.js";

const KINDS = ["interactive", "static", "human"];
const WIDEST = 27;

export async function draw(root, first, signal) {
  let parameters = first;
  const place = h("div");
  const model = () => parameters.get("model") ?? "acpl";
  const change = (changes) => {
    parameters = changed(parameters, changes);
    replace("map", parameters);
    load();
  };
  const load = () => into(place, () => mapCard({ model: model(), where: parameters.getAll("where"), ...range(parameters) }), signal, 560);
  const controls = [await modelField(model(), (value) => change({ model: value })), ...rangeFields(parameters, change)];
  if (signal.aborted) return;
  const filters = filterRows(parameters.getAll("where").map(parse), (list) => change({ where: list.map(written) }));
  show(root, heading("map", ...controls), h("div", { class: "under-head" }, filters), place);
  await load();
}

async function mapCard(asked) {
  const call = { path: "/v1/map", parameters: asked };
  const [{ rows, meta }, known] = await Promise.all([ask(call.path, asked), models()]);
  if (!rows.length) return h("div", { class: "card" }, empty(t("map.none"), t("map.none.text")));
  const phases = known.find((each) => each.model === asked.model)?.phases ?? [];
  const list = phases.length ? phases : [...new Map(rows.map((row) => [row.phase, row.position]))].sort((a, b) => a[1] - b[1]).map(([phase]) => phase);
  const conversion = await conversionOf(asked.model, list);
  const tools = exports_(call, { name: "journey-map", chart: () => tools.closest(".card") });
  return card(t("map.title"), { note: t("map.note"), tools, flush: true },
    key(),
    h("div", { class: "scroll", tabindex: "0", role: "region", "aria-label": t("map.title") }, grid(rows, list, conversion, asked)),
    rules(meta, t("map.rule.met"), t("map.rule.onward")));
}

const key = () =>
  h("div", { class: "row key map-key" },
    h("span", { class: "row" }, ring(0.6, 9, "var(--accent)", 32), t("map.ring")),
    h("span", { class: "apart" }),
    [-0.8, 0, 0.8].map((value) => h("span", { class: "row" }, h("span", { class: "dot", style: { "--tone": sentimentColour(value) } }), t(value < 0 ? "mood.bad" : value > 0 ? "mood.good" : "mood.even"))),
    h("span", { class: "apart" }),
    KINDS.map((kind) => h("span", { class: "row" }, icon(kind, 15), t(`contact.key.${kind}`))));

function grid(rows, phases, conversion, asked) {
  const channels = new Map();
  for (const row of rows) channels.set(row.channel, (channels.get(row.channel) ?? 0) + row.touchpoints);
  const cells = new Map(rows.map((row) => [`${row.channel} ${row.phase}`, row]));
  const most = Math.max(...rows.map((row) => row.customers));
  const sum = (phase) => rows.filter((row) => row.phase === phase).reduce((all, row) => all + row.touchpoints, 0);
  return h("table", { class: "map" },
    h("thead", {}, h("tr", {}, h("th", { scope: "col" }, t("channel")), phases.map((phase, index) => h("th", { scope: "col", style: { "--tone": phaseColour(index + 1, phases.length) } },
      h("span", { class: "stage-name" }, phaseName(phase), phase === conversion && h("span", { class: "flag" }, t("goal"))),
      h("span", { class: "quiet number" }, t("live.touchpoints", { n: sum(phase), count: sum(phase) })))))),
    h("tbody", {}, [...channels].sort((a, b) => b[1] - a[1]).map(([channel, touchpoints]) => h("tr", {},
      h("th", { scope: "row" }, h("span", {}, name("channel", channel)), h("span", { class: "quiet number" }, t("live.touchpoints", { n: touchpoints, count: touchpoints }))),
      phases.map((phase, index) => h("td", {}, cell(cells.get(`${channel} ${phase}`), index === phases.length - 1, most, phaseColour(index + 1, phases.length), asked)))))));
}

function cell(row, last, most, colour, asked) {
  if (!row) return h("span", { class: "nothing", "aria-hidden": "true" }, "·");
  const open = () => showPeople(t("map.people", { phase: phaseName(row.phase), channel: name("channel", row.channel) }), t("people.count", { n: row.customers, count: row.customers }), "/v1/map/people", { ...asked, phase: row.phase, channel: row.channel ?? "" });
  const contacts = KINDS.filter((kind) => row[kind]);
  return h("button", { type: "button", class: "cell", "data-figure": `${row.channel}.${row.phase}`, onclick: open },
    ring(last ? 0 : row.onward_rate, Math.max(4, Math.sqrt(row.customers / most) * WIDEST), colour),
    h("span", { class: "texts" },
      h("span", { class: "only-read" }, `${name("channel", row.channel)}, ${phaseName(row.phase)}: `),
      h("b", { class: "number" }, whole(row.customers)),
      h("span", { class: "quiet" }, last ? "" : t("map.onward", { rate: percent(row.onward_rate) })),
      h("span", { class: "signs" },
        contacts.map((kind) => h("span", { class: "sign", title: `${t(`contact.${kind}`)}: ${whole(row[kind])}`, style: { opacity: 0.45 + 0.55 * (row[kind] / row.touchpoints) } }, icon(kind, 14), h("span", { class: "only-read" }, t(`contact.${kind}`)))),
        row.sentiment != null && h("span", { class: "mood", title: `${t("sentiment")}: ${decimal(row.sentiment)} (${whole(row.felt)})` }, h("span", { class: "dot", style: { "--tone": sentimentColour(row.sentiment) } }), h("span", { class: "number" }, decimal(row.sentiment))))));
}

/** A disc of radius `r` in a square, with a ring around it as far as `share` goes. */
function ring(share, r, colour, size = 64) {
  const middle = size / 2;
  const outer = r + 4;
  const length = 2 * Math.PI * outer;
  return s("svg", { viewBox: `0 0 ${size} ${size}`, width: size, height: size, "aria-hidden": "true", class: "ring-sign" },
    s("circle", { cx: middle, cy: middle, r, fill: colour, opacity: 0.24 }),
    s("circle", { cx: middle, cy: middle, r: outer, fill: "none", stroke: colour, "stroke-width": 1, opacity: 0.3 }),
    share > 0 && s("circle", { cx: middle, cy: middle, r: outer, fill: "none", stroke: colour, "stroke-width": 3.5, "stroke-linecap": "butt", "stroke-dasharray": `${length * share} ${length}`, transform: `rotate(-90 ${middle} ${middle})` }));
}
