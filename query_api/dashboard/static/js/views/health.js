// Rejects and health: what became of everything that was accepted, how far the views are, what was refused and why.
import { ask, tokenOf } from "../api.js";
import { replace } from "../address.js";
import { drawView } from "../app.js";
import { h, show } from "../dom.js";
import { duration, moment, name, t, whole, zone } from "../i18n.js";
import { icon } from "../icons.js";
import { card, dialog, empty, exports_, field, figure, figures, guarded, heading, into, table, toast } from "../pieces.js";
import { changed } from "../question.js";
import { why } from "../refusals.js";
import { rules } from "../rules.js";
import { askToken } from "../tokens.js";

const PAGE = 50;
const AGAIN_MS = 5_000;

export async function draw(root, first, signal) {
  let parameters = first;
  const state = h("div");
  const refused = h("div");
  const builds = h("div");
  const change = (changes) => {
    parameters = changed(parameters, changes);
    replace("health", parameters);
    loadRefused();
  };
  const loadRefused = (after) => into(refused, () => refusedCards(parameters, change, loadRefused, after), signal, 200);
  const loadState = () => into(state, reconciliation, signal, 260);
  show(root, heading("health"), state, refused, builds);
  const again = setInterval(() => document.hidden || loadState(), AGAIN_MS);
  signal.addEventListener("abort", () => clearInterval(again));
  await Promise.all([loadState(), tokenOf("admin") ? loadRefused() : show(refused, locked()), tokenOf("admin") && into(builds, rebuilds, signal)]);
}

/** accepted = stored + duplicates + rejected + erased, as a bar and as figures. */
async function reconciliation() {
  const { rows: [row], meta } = await ask("/v1/freshness");
  const parts = ["stored", "duplicates", "rejected", "erased"].map((each) => [each, row[each]]);
  const accounted = parts.reduce((sum, [, count]) => sum + count, 0);
  const whole_ = Math.max(row.accepted, accounted, 1);
  const agrees = row.accepted === accounted;
  return [
    figures(
      figure(t("health.accepted"), whole(row.accepted), { note: t("health.accepted.note"), id: "accepted" }),
      figure(t("health.lag"), row.lag_seconds === 0 ? t("fresh.none") : duration(row.lag_seconds), { note: t(row.lag_seconds === 0 ? "health.lag.none" : "health.lag.note"), id: "lag", chip: h("span", { class: "dot", style: { "--tone": row.lag_seconds === 0 ? "var(--good)" : "var(--gold)" } }) }),
      figure(t("health.included"), meta.watermark?.journeys ? moment(meta.watermark.journeys) : "–", { note: zone() })),
    card(t("health.balance"), { note: t("health.balance.note"), tools: h("div", { class: "row" }, h("span", { class: `chip ${agrees ? "good" : "warn"}` }, t(agrees ? "health.agrees" : "health.pending", { count: row.accepted - accounted })), exports_({ path: "/v1/freshness", parameters: {} }, { name: "freshness" })) },
      h("div", { class: "balance", "aria-hidden": "true" }, parts.filter(([, count]) => count).map(([each, count]) => h("span", { class: each, style: { "flex-grow": count / whole_ } })), !agrees && h("span", { class: "pending", style: { "flex-grow": Math.max(0, row.accepted - accounted) / whole_ } })),
      h("dl", { class: "sum" },
        term("accepted", row.accepted, "="),
        parts.map(([each, count], index) => term(each, count, index < 3 ? "+" : "")))),
  ];
}

const term = (each, count, sign) => h("div", { class: each }, h("dt", {}, t(`health.${each}`)), h("dd", { class: "number", "data-figure": each }, whole(count), sign && h("span", { class: "sign", "aria-hidden": "true" }, sign)));

const locked = () =>
  card(t("health.rejects"), {}, empty(t("health.locked"), t("health.locked.text"),
    h("button", { class: "button main", type: "button", onclick: async () => (await askToken("admin")) && drawView() }, icon("key", 16), t("token.enter.admin"))));

async function refusedCards(parameters, change, reload, after) {
  const reason = parameters.get("reason") ?? "";
  const state = parameters.get("state") ?? "open";
  const call = { path: "/v1/rejects", parameters: { reason, state, limit: PAGE }, admin: true };
  const [byReason, found] = await Promise.all([ask("/v1/rejects", { by: "reason", after }, { admin: true }), ask(call.path, { ...call.parameters, after }, call)]);
  if (!byReason.rows.length) return card(t("health.rejects"), {}, empty(t("health.rejects.none"), t("health.rejects.none.text")));
  const most = Math.max(...byReason.rows.map((row) => row.count));
  return h("div", { class: "grid" },
    h("div", { class: "w4" }, card(t("health.reasons"), { note: t("health.reasons.note") },
      h("ul", { class: "reasons" }, byReason.rows.map((row) => h("li", {},
        h("button", { type: "button", "aria-pressed": String(row.reason === reason), onclick: () => change({ reason: row.reason === reason ? "" : row.reason }) },
          h("span", {}, name("reason", row.reason), h("span", { class: "quiet" }, t("health.open", { n: row.open, count: row.open }))), h("b", { class: "number", "data-figure": `reason.${row.reason}` }, whole(row.count)),
          h("span", { class: "meter", style: { "--share": percent2(row.count / most) } }))))))),
    h("div", { class: "w8" }, card(reason ? name("reason", reason) : t("health.rejects"), { note: t("health.rejects.note"), tools: field(t("health.state"), { choices: ["open", "replayed", "any"].map((each) => [each, t(`state.${each}`)]), value: state, onchange: (value) => change({ state: value === "open" ? "" : value }) }) },
      found.rows.length ? h("ol", { class: "refused" }, found.rows.map((row) => refusal(row, reload))) : empty(t("health.rejects.none")),
      h("div", { class: "row end" }, exports_(call, { name: "rejects" })), rules(found.meta))));
}

const percent2 = (share) => `${Math.round(share * 100)}%`;

const refusal = (row, reload) =>
  h("li", {}, h("details", {},
    h("summary", { "data-key": row.id }, h("span", { class: "chip bad" }, name("reason", row.reason)), h("span", { class: "detail" }, why(row)), h("time", { class: "quiet", datetime: row.stamp }, moment(row.stamp))),
    h("div", { class: "stack" },
      h("div", { class: "row" }, [["id", row.id], [t("health.source"), row.source], [t("health.path"), row.path], [t("health.times"), row.times]].map(([key, value]) => h("span", { class: "chip" }, h("span", { class: "quiet" }, key), h("span", { class: "mono" }, String(value))))),
      h("p", { class: "aside" }, t("health.in.english"), " ", h("q", { lang: "en" }, row.detail)),
      row.body ? h("pre", { class: "code", tabindex: "0" }, pretty(row.body)) : h("p", { class: "quiet" }, t("health.no.body")),
      row.state === "open" && row.body && h("div", { class: "row" }, h("button", { class: "button small", type: "button", onclick: () => replay(row, reload) }, t("replay"))))));

function pretty(body) {
  try {
    return JSON.stringify(JSON.parse(body), null, 2);
  } catch {
    return body;
  }
}

function replay(row, reload) {
  guarded(async () => {
    const merge = h("textarea", { class: "input", rows: 4, name: "merge", spellcheck: "false", placeholder: '{"event": "Order Completed"}' });
    const content = h("div", { class: "stack" }, h("p", {}, t("replay.text")), h("label", { class: "field" }, t("replay.merge"), merge));
    const answer = await dialog(t("replay.title"), content, [["", t("cancel"), ""], ["yes", t("replay.do"), "main"]]);
    if (answer !== "yes") return;
    const body = { ids: [row.id], ...(merge.value.trim() && { merge: JSON.parse(merge.value) }) };
    const { rows, meta } = await ask("/v1/rejects/replay", {}, { method: "POST", body, admin: true });
    const outcome = rows[0]?.outcome ?? "missing";
    toast(t(`replay.${outcome}`, { detail: outcome === "refused" ? h("span", {}, why(rows[0])).textContent : "" }));
    await reload(meta.position);
  });
}

async function rebuilds() {
  const { rows } = await ask("/v1/rebuild", {}, { admin: true });
  const progress = (row) => h("span", { class: "row" }, h("progress", { max: Math.max(1, row.total), value: row.state === "idle" ? Math.max(1, row.total) : row.done, "aria-label": row.model }), h("span", { class: "number quiet" }, t("health.customers", { done: row.done, total: row.total })));
  return card(t("health.builds"), { note: t("health.builds.note") },
    table([[t("model"), (row) => row.model], [t("health.state"), (row) => h("span", { class: `chip ${row.state === "idle" ? "good" : "warn"}` }, t(`build.${row.state}`))], [t("health.progress"), progress]], rows, t("health.builds")));
}
