// Customer: who somebody is, what they did and when, and why these identifiers are one person.
import { ask, Refused } from "../api.js";
import { href, replace } from "../address.js";
import { h, show } from "../dom.js";
import { ago, calendarDay, duration, moment, money, name, t, whole } from "../i18n.js";
import { icon } from "../icons.js";
import { identityCard } from "../identity.js";
import { card, empty, exports_, field, figure, figures, heading, into } from "../pieces.js";
import { changed, models, phaseChip, phaseName, phaseTone } from "../question.js";
import { rules } from "../rules.js";
import { timeline } from "../timeline.js";

const MOST = 1000;

export async function draw(root, first, signal) {
  let parameters = first;
  const found = h("div");
  const list = await models();
  const input = h("input", { class: "input mono", name: "identifier", id: "identifier", value: parameters.get("identifier") ?? "", placeholder: "user_id:42", autocomplete: "off", spellcheck: "false", "aria-describedby": "identifier-help" });
  const form = h("form", { class: "card search", onsubmit: search },
    h("label", { class: "field grow", for: "identifier" }, h("span", {}, t("customer.identifier")), input),
    field(t("model"), { choices: list.map((each) => [each.model, each.title]), value: model(), name: "model", onchange: (value) => go({ model: value }) }),
    h("button", { class: "button main", type: "submit" }, icon("search", 16), t("customer.search")),
    h("p", { class: "quiet", id: "identifier-help" }, t("customer.help")));

  function model() {
    return parameters.get("model") ?? "acpl";
  }
  function go(changes) {
    parameters = changed(parameters, changes);
    replace("customer", parameters);
    load();
  }
  function search(event) {
    event.preventDefault();
    if (input.value.trim()) go({ identifier: input.value.trim(), customer: "" });
  }
  async function load(after) {
    const { customer, identifier } = Object.fromEntries(parameters);
    if (!customer && !identifier) return show(found, empty(t("customer.none"), t("customer.none.text")));
    await into(found, () => person(customer, identifier, model(), signal, after, load), signal, 400);
  }
  if (signal.aborted) return;
  show(root, heading("customer"), form, found);
  await load();
}

async function person(customer, identifier, model, signal, after, reload) {
  const who = await find(customer, identifier, after);
  if (!who) return h("div", { class: "card" }, empty(t("customer.unknown"), t("customer.unknown.text")));
  const path = `/v1/customers/${who.row.customer}`;
  const call = { path: `${path}/journey`, parameters: { limit: MOST } };
  const [journey, phases] = await Promise.all([ask(call.path, call.parameters), phasesOf(model)]);
  const now = journey.meta.next ? (await ask(`${path}/phase`, { model })).rows[0] : null; // the last ones are not among those that are shown
  const identity = identityCard(path, reload);
  return [
    summary(who.row, journey.rows, model, phases, now),
    h("div", { class: "grid" },
      journey.rows.length > 0 && card(t("customer.timeline"), { note: t("customer.timeline.note", { n: journey.rows.length, count: journey.rows.length }), tools: exports_(call, { name: who.row.customer }) }, timeline(journey.rows, model, phases), rules(journey.meta, journey.meta.next && t("customer.cut", { count: MOST }))),
      h("div", { class: "w7" }, card(t("customer.touchpoints"), { note: t("customer.touchpoints.note") }, touchpoints(journey.rows, model, phases))),
      h("div", { class: "w5" }, identity)),
  ];
}

/** By identifier; by a customer's id through one of its identifiers. */
async function find(customer, identifier, after) {
  try {
    const wanted = identifier || (await ask(`/v1/customers/${customer}/identity`, { limit: 200, after })).rows.find((row) => row.kind === "node")?.name;
    if (!wanted) return null;
    const { rows, meta } = await ask("/v1/customers", { identifier: wanted, after });
    const row = rows[0];
    if (customer && row.customer !== customer) row.customer = customer; // a device that several people used
    return { row, meta };
  } catch (error) {
    if (error instanceof Refused && error.status === 404) return null;
    throw error;
  }
}

async function phasesOf(model) {
  const known = (await models()).find((each) => each.model === model);
  return known?.phases.length ? known.phases : (await ask("/v1/funnel", { model })).rows.map((row) => row.phase);
}

/** `now`: where the customer is, if the touchpoints are cut and do not say it. */
function summary(row, touchpoints, model, phases, now) {
  const current = now ? now.phase : touchpoints.findLast((each) => each.phases[model])?.phases[model];
  const furthest = phases.findLast((phase) => now?.furthest_phase === phase || touchpoints.some((each) => each.phases[model] === phase));
  const journeys = now?.journey ?? new Set(touchpoints.map((each) => each.journey).filter(Boolean)).size;
  return h("div", {},
    h("div", { class: "card who-card" },
      h("div", { class: "row" }, h("h2", { class: "mono" }, row.customer), furthest && phaseChip(furthest, phases), row.also?.length > 0 && h("span", { class: "chip warn" }, t("customer.also", { n: row.also.length, count: row.also.length })), (row.also ?? []).slice(0, 12).map((each) => h("a", { class: "mono", href: href("customer", { customer: each.customer }) }, each.customer))),
      h("div", { class: "row" }, row.identifiers.slice(0, 12).map((each) => h("span", { class: "chip mono" }, each)), row.identifiers.length > 12 && h("span", { class: "quiet" }, t("and.more", { count: row.identifiers.length - 12 }))),
      Object.keys(row.traits ?? {}).length > 0 && h("div", { class: "row" }, Object.entries(row.traits).slice(0, 12).map(([key, value]) => h("span", { class: "chip" }, h("span", { class: "quiet" }, key), String(value))))),
    figures(
      figure(t("touchpoints"), whole(row.touchpoints), { note: t("customer.journeys", { n: journeys, count: journeys }), id: "touchpoints" }),
      figure(t("value"), money(row.value), { id: "value" }),
      figure(t("customer.first"), calendarDay(row.first_at), { note: touchpoints.length ? name("channel", touchpoints[0].channel) : "" }),
      figure(t("customer.last"), calendarDay(row.last_at), { note: row.last_at ? ago(row.last_at) : "" }),
      figure(t("customer.now"), current ? phaseName(current) : "–", { note: furthest && t("customer.furthest", { phase: phaseName(furthest) }) })));
}

function touchpoints(rows, model, phases) {
  if (!rows.length) return empty(t("customer.nothing"));
  const parts = [];
  rows.forEach((row, index) => {
    const before = rows[index - 1];
    if (!before || before.journey !== row.journey) parts.push(h("li", { class: "journey" }, row.journey ? t("customer.journey", { number: row.journey }) : t("customer.unfolded")));
    else if (Date.parse(row.at) - Date.parse(before.at) > 2 * 86_400_000) parts.push(h("li", { class: "gap" }, t("customer.later", { time: duration((Date.parse(row.at) - Date.parse(before.at)) / 1000) })));
    parts.push(touchpoint(row, model, phases));
  });
  return h("ol", { class: "points" }, parts);
}

function touchpoint(row, model, phases) {
  const phase = row.phases[model];
  const more = { ...row.properties };
  return h("li", { class: "point", style: { "--tone": phaseTone(phase, phases) } },
    h("span", { class: "bead", title: t(`contact.${row.contact ?? "none"}`) }, row.contact ? icon(row.contact, 15) : ""),
    h("details", { class: "body" },
      h("summary", { "data-key": row.id },
      h("div", { class: "row" }, h("b", {}, row.event), row.value != null && h("span", { class: "chip good number" }, `${money(row.value)} ${row.currency ?? ""}`), row.sentiment != null && mood(row.sentiment)),
      h("div", { class: "quiet" }, [phaseName(phase), name("channel", row.channel), row.page?.path, row.campaign?.name, row.offline && t("offline")].filter(Boolean).join(" · "))),
      h("pre", { class: "code", tabindex: "0" }, JSON.stringify({ id: row.id, identifier: row.identifier, page: row.page, campaign: row.campaign, properties: more }, null, 2))),
    h("time", { datetime: row.at, class: "quiet" }, moment(row.at)));
}

const mood = (value) => h("span", { class: `chip ${value < -0.15 ? "bad" : value > 0.15 ? "good" : ""}` }, t(value < -0.15 ? "mood.bad" : value > 0.15 ? "mood.good" : "mood.even"), " ", money(value));

