// The identity graph: identifiers, what links them, and for any two why they are one; taking a link back.
import { ask } from "./api.js";
import { h, s } from "./dom.js";
import { moment, name, t } from "./i18n.js";
import { icon } from "./icons.js";
import { card, dialog, empty, guarded, into, toast } from "./pieces.js";

const MOST = 16;
const MOST_LINKS = 100;
const ROW = 46;
const DEVICES = ["anonymous_id", "device_id", "daily_id"];

export function identityCard(path, reload) {
  const place = h("div");
  into(place, async () => graph(await ask(`${path}/identity`, { limit: 500 }), path, reload), null, 200);
  return card(t("identity"), { note: t("identity.note") }, place);
}

function graph({ rows, meta }, path, reload) {
  const nodes = [...new Map(rows.filter((row) => row.kind === "node").map((row) => [row.name, row])).values()];
  const links = rows.filter((row) => row.kind === "link");
  const refused = rows.filter((row) => row.kind === "refused");
  if (!nodes.length) return empty(t("identity.single"), t("identity.single.text"));
  const chain = h("div", { class: "chain", "aria-live": "polite" }, h("p", { class: "quiet" }, nodes.length > 1 ? t("identity.choose") : t("identity.single.text")));
  const chosen = [];
  const choose = (name, buttons) => {
    if (chosen.includes(name)) chosen.splice(chosen.indexOf(name), 1);
    else chosen.push(name);
    if (chosen.length > 2) chosen.shift();
    for (const [each, button] of buttons) button.setAttribute("aria-pressed", String(chosen.includes(each)));
    if (chosen.length === 2) why(chain, path, ...chosen, reload);
  };
  return h("div", { class: "stack" },
    drawing(nodes.slice(0, MOST), links, choose),
    nodes.length > MOST && h("p", { class: "quiet" }, t("and.more", { count: nodes.length - MOST })),
    chain,
    h("details", { class: "more" }, h("summary", {}, t("identity.links", { n: links.length, count: links.length })), linked(links, reload)),
    refused.length > 0 && h("details", { class: "more" }, h("summary", {}, t("identity.refused", { n: refused.length, count: refused.length })), refusals(refused, reload)),
    meta.left_out && Object.values(meta.left_out).some(Boolean) && h("p", { class: "quiet" }, t("identity.left")));
}

/** Devices on the left, persons on the right, a line for each pair that something links. */
function drawing(nodes, links, choose) {
  const sides = [nodes.filter((node) => DEVICES.includes(node.type)), nodes.filter((node) => !DEVICES.includes(node.type))];
  const most = Math.max(...sides.map((side) => side.length));
  const places = new Map(sides.flatMap((side, x) => side.map((node, y) => [node.name, { x, y: (y + 0.5 + (most - side.length) / 2) * ROW }])));
  const pairs = new Map(links.filter((link) => places.has(link.a) && places.has(link.b)).map((link) => [[link.a, link.b].sort().join(" "), link]));
  const lines = [...pairs.values()].map((link) => s("path", { d: curve(places.get(link.a), places.get(link.b)), class: `line ${link.rule}` }));
  const buttons = new Map();
  const pill = (node) => {
    const [type, ...rest] = node.name.split(":");
    const button = h("button", { class: "node", type: "button", "aria-pressed": "false", title: node.name, onclick: () => choose(node.name, buttons) }, h("span", { class: "quiet" }, type), h("span", { class: "mono" }, rest.join(":")));
    buttons.set(node.name, button);
    return h("li", { style: { height: `${ROW}px` } }, button);
  };
  return h("div", { class: "graph", style: { height: `${most * ROW}px` } },
    s("svg", { viewBox: `0 0 100 ${most * ROW}`, preserveAspectRatio: "none", "aria-hidden": "true" }, lines),
    sides.map((side, x) => h("ul", { "aria-label": t(x ? "identity.persons" : "identity.devices") }, side.map(pill))));
}

const curve = (a, b) => {
  const [left, right] = a.x <= b.x ? [a, b] : [b, a];
  if (left.x !== right.x) return `M43 ${left.y} C50 ${left.y} 50 ${right.y} 57 ${right.y}`;
  const edge = left.x ? 57 : 43;
  const out = left.x ? 47 : 53;
  return `M${edge} ${left.y} C${out} ${left.y} ${out} ${right.y} ${edge} ${right.y}`;
};

function why(place, path, a, b, reload) {
  place.replaceChildren();
  into(place, async () => {
    const { rows } = await ask(`${path}/identity`, { a, b });
    return [h("h3", {}, t("identity.why")), h("ol", { class: "steps" }, rows.map((row) => step(row, reload)))];
  }, null, 60);
}

const step = (row, reload) =>
  h("li", {},
    h("div", {}, h("span", { class: "mono" }, row.a), h("span", { class: "quiet" }, ` ${t(`link.${row.rule}`)} `), h("span", { class: "mono" }, row.b)),
    h("div", { class: "quiet" }, t("identity.evidence", { event: row.event ?? row.event_id ?? "–", at: moment(row.at), received: moment(row.received_at), source: row.source })),
    h("button", { class: "button small", type: "button", onclick: () => split(row, reload) }, icon("split", 15), t("split")));

const linked = (rows, reload) => h("ol", { class: "steps" }, rows.slice(0, MOST_LINKS).map((row) => step(row, reload)), rows.length > MOST_LINKS && h("li", { class: "quiet" }, t("and.more", { count: rows.length - MOST_LINKS })));

/** Links that a rule or an operator kept out; an operator may let one in again. */
const refusals = (rows, reload) =>
  h("ol", { class: "steps" }, rows.slice(0, MOST_LINKS).map((row) => h("li", {},
    h("div", {}, h("span", { class: "mono" }, row.a), h("span", { class: "quiet" }, " ≠ "), h("span", { class: "mono" }, row.b)),
    h("div", { class: "quiet" }, name("refused", row.rule), " ", moment(row.at)),
    row.rule === "apart" && h("button", { class: "button small", type: "button", onclick: () => restore(row, reload) }, icon("split", 15), t("split.undo")))));

/** Asks twice: once what is to happen, once (where needed) for an admin token. */
function split(row, reload) {
  guarded(async () => {
    const note = h("input", { class: "input", name: "note", maxlength: 500 });
    const content = h("div", { class: "stack" }, h("p", {}, t("split.text", { a: row.a, b: row.b })), h("label", { class: "field" }, t("split.note"), note));
    const answer = await dialog(t("split.title"), content, [["", t("cancel"), ""], ["yes", t("split.do"), "danger"]]);
    if (answer !== "yes") return;
    const { position } = await ask("/v1/identity/splits", {}, { method: "POST", body: { a: row.a, b: row.b, note: note.value }, admin: true });
    toast(t("split.done"));
    await reload(position);
  });
}

/** Takes back what an operator decided about exactly these two. */
function restore(row, reload) {
  guarded(async () => {
    const { rows } = await ask("/v1/identity/splits", {}, { admin: true });
    const ends = [row.a, row.b];
    const decision = rows.find((each) => !each.taken_back_at && ends.includes(each.a) && ends.includes(each.b));
    if (!decision) return dialog(t("split.undo.title"), h("p", {}, t("split.undo.none")));
    const note = decision.note ? ` (${decision.note})` : "";
    const answer = await dialog(t("split.undo.title"), h("p", {}, t("split.undo.text", { ...row, note })), [["", t("cancel"), ""], ["yes", t("split.undo.do"), "main"]]);
    if (answer !== "yes") return;
    const { position } = await ask(`/v1/identity/splits/${decision.id}`, {}, { method: "DELETE", admin: true });
    toast(t("split.done"));
    await reload(position);
  });
}
