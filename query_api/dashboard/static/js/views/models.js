// Phase models: their definition beside what the touchpoints become by it, a preview, and all of them side by side.
import { ask } from "../api.js";
import { replace } from "../address.js";
import { h, show } from "../dom.js";
import { name, percent, t, whole } from "../i18n.js";
import { icon } from "../icons.js";
import { card, dialog, empty, exports_, guarded, heading, into, segments, table, toast, waiting } from "../pieces.js";
import { profile } from "../profile.js";
import { changed, forgetModels, phaseChip, phaseTone } from "../question.js";
import { rules } from "../rules.js";

const AGAIN_MS = 1_500;
const EXAMPLES = 2;
const PREVIEW = "/v1/models/preview";
const BLANK = `name: mine
title: A model of my own
conversion: bought

phases:
  - name: looking
    rules:
      - event: [Page Viewed, Product Viewed]
  - name: bought
    rules:
      - event: [Order Completed, Policy Issued]
`;

export async function draw(root, first, signal) {
  let parameters = first;
  const list = h("div");
  const editor = h("div");
  const facts = h("div");
  const preview = h("div");
  const side = h("div");
  const model = () => parameters.get("model") ?? "acpl";
  const change = (changes) => {
    parameters = changed(parameters, changes);
    replace("models", parameters);
  };
  const choose = (value) => {
    change({ model: value === "acpl" ? "" : value });
    show(preview);
    load();
  };
  const load = () => {
    into(list, () => listCard(model(), choose), signal, 120);
    into(editor, () => editorCard(model(), tryOut, reload), signal, 480);
    showFacts(() => savedFacts(model(), () => signal.aborted || load()));
    into(side, () => sideCard(), signal, 200);
  };
  const showFacts = (find) =>
    into(facts, () => factsCard(find, parameters.get("kinds") ?? "all", (kinds) => {
      change({ kinds: kinds === "all" ? "" : kinds });
      showFacts(find);
    }), signal, 480);
  /** The funnel of a text that is not saved, and what the touchpoints become by it. */
  const tryOut = async (text) => {
    await into(preview, () => previewCard(text), signal, 300);
    if (!preview.querySelector(".notice")) await showFacts(() => triedFacts(text));
    preview.scrollIntoView({ behavior: "smooth", block: "nearest" });
  };
  const reload = async (value) => {
    forgetModels();
    change({ model: value });
    load();
  };
  show(root, heading("models"), list, h("div", { class: "grid" }, h("div", { class: "w6" }, editor), h("div", { class: "w6" }, facts), preview, side));
  load();
}

async function listCard(chosen, choose) {
  const { rows } = await ask("/v1/models");
  const entry = (row) =>
    h("button", { type: "button", class: "model", "aria-pressed": String(row.name === chosen), onclick: () => choose(row.name) },
      h("span", { class: "row" }, h("b", {}, row.name), h("span", { class: "chip" }, t(`models.origin.${row.source}`)), row.state !== "active" && h("span", { class: "chip warn" }, t(`models.state.${row.state}`), row.state === "filling" ? ` ${percent(row.progress)}` : "")),
      h("span", { class: "quiet" }, row.source === "built-in" ? row.phases.map((phase) => name("phase", phase)).join(", ") : row.title),
      h("span", { class: "strip", "aria-hidden": "true" }, row.phases.map((phase) => h("span", { style: { "--tone": phaseTone(phase, row.phases) } }))));
  return h("div", { class: "models" }, rows.map(entry), h("button", { type: "button", class: "model new", "aria-pressed": String(chosen === "new"), onclick: () => choose("new") }, icon("plus"), t("models.new")));
}

async function editorCard(model, tryOut, reload) {
  const row = model === "new" ? { name: "mine", definition: BLANK, source: "saved", state: "active" } : (await ask(`/v1/models/${encodeURIComponent(model)}`)).rows[0];
  const text = h("textarea", { class: "input", name: "definition", rows: 24, spellcheck: "false", wrap: "off", "aria-label": t("models.editor"), value: row.definition });
  text.addEventListener("keydown", indent);
  const state = h("span", { class: "chip warn hidden" }, t("models.edited"));
  text.addEventListener("input", () => state.classList.toggle("hidden", text.value === row.definition));
  const problems = h("div", { "aria-live": "polite" });
  const named = () => text.value.match(/^name:\s*["']?([a-z][a-z0-9_-]*)/m)?.[1] ?? row.name;
  const tools = h("div", { class: "row" }, state);
  return card(t("models.editor"), { note: t("models.editor.note"), tools }, text, problems,
    h("div", { class: "row end tools" },
      row.saved_at && h("button", { class: "button", type: "button", onclick: () => guarded(() => drop(row, reload)) }, t("models.drop")),
      h("button", { class: "button", type: "button", onclick: () => tryOut(text.value) }, t("models.preview.do")),
      h("button", { class: "button main", type: "button", onclick: () => guarded(() => save(named(), text.value, reload)) }, t("models.save"))));
}

/** Tab indents, as in an editor; Escape and then Tab leaves. */
function indent(event) {
  const area = event.target;
  if (event.key === "Escape") area.dataset.free = "yes";
  else if (event.key === "Tab" && !event.shiftKey && area.dataset.free !== "yes") {
    event.preventDefault();
    area.setRangeText("  ", area.selectionStart, area.selectionEnd, "end");
  } else if (event.key !== "Shift") area.dataset.free = "";
}

async function save(model, text, reload) {
  const answer = await dialog(t("models.save.title"), h("p", {}, t("models.save.text", { model })), [["", t("cancel"), ""], ["yes", t("models.save.do"), "main"]]);
  if (answer !== "yes") return;
  await ask(`/v1/models/${encodeURIComponent(model)}`, {}, { method: "PUT", text, type: "text/yaml", admin: true });
  toast(t("models.saved"));
  await reload(model);
}

async function drop(row, reload) {
  const answer = await dialog(t("models.drop.title"), h("p", {}, t("models.drop.text")), [["", t("cancel"), ""], ["yes", t("models.drop.do"), "danger"]]);
  if (answer !== "yes") return;
  await ask(`/v1/models/${encodeURIComponent(row.name)}`, {}, { method: "DELETE", admin: true });
  toast(t("models.dropped"));
  await reload("acpl");
}

async function previewCard(text) {
  const { rows, meta } = await ask(PREVIEW, { compare: true }, { method: "POST", text, type: "text/yaml" });
  const before = rows.filter((row) => row.before != null && row.before !== row.count);
  const changes = before.map((row) => h("li", { class: "chip" }, h("b", {}, name("phase", row.phase)), t("models.before", { before: row.before, now: row.count })));
  return card(t("models.preview"), { note: t("models.preview.note") }, profile(rows, { conversion: meta.conversion }), changes.length > 0 && h("ul", { class: "row" }, changes), rules(meta));
}

/** What the touchpoints become by a model that answers; null until it does. */
async function savedFacts(model, again) {
  if (model === "new") return { words: [t("models.new"), t("models.new.text")] };
  const known = (await ask("/v1/models")).rows.find((row) => row.name === model);
  if (!known?.answers) {
    setTimeout(again, AGAIN_MS);
    return { words: [t("models.state.filling"), t("models.wait")] };
  }
  const call = { path: "/v1/coverage", parameters: { model } };
  return { ...(await ask(call.path, { ...call.parameters, examples: EXAMPLES })), phases: known.phases, call };
}

/** The same by a text that is not saved. */
async function triedFacts(text) {
  const options = { method: "POST", text, type: "text/yaml" };
  const [funnel, facts] = await Promise.all([ask(PREVIEW, {}, options), ask(PREVIEW, { show: "coverage", examples: EXAMPLES }, options)]);
  return { ...facts, phases: funnel.rows.map((row) => row.phase), tried: true };
}

async function factsCard(find, kinds, choose) {
  const { rows, meta, phases, call, words, tried } = await find();
  if (words) return card(t("models.touchpoints"), {}, empty(...words));
  const all = rows.reduce((sum, row) => sum + row.count, 0);
  const unmapped = rows.filter((row) => !row.phase).reduce((sum, row) => sum + row.count, 0);
  const kept = kinds === "unmapped" ? rows.filter((row) => !row.phase) : rows;
  const tools = segments(t("models.kinds"), ["all", "unmapped"].map((each) => [each, t(`models.kinds.${each}`)]), kinds, choose);
  return card(t("models.touchpoints"), { note: t("models.unmapped", { count: unmapped, all }), tools: [tried && h("span", { class: "chip warn" }, t("models.preview")), tools] },
    h("div", { class: "tall" }, table([
      [t("event"), kind],
      [t("channel"), (row) => name("channel", row.channel)],
      [t("phase"), (row) => (row.phase ? phaseChip(row.phase, phases) : h("span", { class: "chip warn" }, t("phase.unmapped")))],
      [t("count"), (row) => whole(row.count), "right"],
    ], kept, t("models.touchpoints"))),
    call && h("div", { class: "row end" }, exports_(call, { name: "coverage" })), rules(meta));
}

/** An event with the latest touchpoints of its kind, as a rule would see them. */
const kind = (row) =>
  row.examples?.length
    ? h("details", { class: "more" }, h("summary", {}, row.event), row.examples.map((each) => h("pre", { class: "code", tabindex: "0" }, JSON.stringify({ at: each.at, page: each.page ?? undefined, properties: each.properties ?? undefined }, null, 1))))
    : row.event;

/** The same facts by every model: a small funnel each. */
async function sideCard() {
  const { rows } = await ask("/v1/models");
  const shown = rows.filter((row) => row.answers).slice(0, 8);
  const places = shown.map((row) => {
    const place = h("div", {}, waiting(90));
    into(place, async () => {
      const funnel = (await ask("/v1/funnel", { model: row.name })).rows;
      const most = Math.max(1, funnel[0]?.count ?? 1);
      return h("ol", { class: "mini" }, funnel.map((each, index) => h("li", {}, h("span", { class: "bar-of", style: { "--tone": phaseTone(each.phase, row.phases), "--share": `${Math.max(1, (each.count / most) * 100)}%` } }), h("span", {}, name("phase", each.phase)), h("span", { class: "number quiet" }, index ? percent(each.rate) : ""), h("b", { class: "number", "data-figure": `side.${row.name}.${each.phase}` }, whole(each.count)))));
    });
    return h("div", { class: "mini-card" }, h("h3", {}, row.name), place);
  });
  return card(t("models.side"), { note: t("models.side.note") }, h("div", { class: "minis" }, places));
}
