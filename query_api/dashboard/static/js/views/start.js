// First steps: how to send the first touchpoint, with the right key and address, until it arrives.
import { ask, tokenOf } from "../api.js";
import { href, replace } from "../address.js";
import { h, show } from "../dom.js";
import { t, whole } from "../i18n.js";
import { icon } from "../icons.js";
import { card, copy, guarded, heading, segments, waiting } from "../pieces.js";
import { changed } from "../question.js";
import { session } from "../storage.js";
import { askToken } from "../tokens.js";

const AGAIN_MS = 1_500;
const WAYS = ["script", "curl", "javascript", "python", "demo"];

export async function draw(root, first, signal) {
  let parameters = first;
  const snippet = h("div");
  const arrived = h("div", { "aria-live": "polite" }, waiting());
  const key = h("input", { class: "input mono", name: "key", value: session.get("key") ?? "", placeholder: "wk_…", spellcheck: "false", autocomplete: "off", oninput: () => {
    session.set("key", key.value.trim());
    drawSnippet();
  } });
  const collector = h("input", { class: "input mono", name: "collector", value: session.get("collector") ?? guess(), spellcheck: "false", oninput: () => {
    session.set("collector", collector.value.trim());
    drawSnippet();
  } });
  const way = () => (WAYS.includes(parameters.get("way")) ? parameters.get("way") : "script");
  const drawSnippet = () => show(snippet, code(way(), collector.value.trim() || guess(), key.value.trim() || "WRITE_KEY"));
  const choose = (value) => {
    parameters = changed(parameters, { way: value === "script" ? "" : value });
    replace("start", parameters);
    drawSnippet();
  };
  show(root, heading("start"),
    h("div", { class: "grid level" },
      h("div", { class: "w8" }, card(t("start.send"), { note: t("start.send.note") },
        h("div", { class: "stack" },
          h("div", { class: "controls" },
            h("label", { class: "field grow" }, h("span", {}, t("start.key")), key),
            h("label", { class: "field grow" }, h("span", {}, t("start.collector")), collector),
            h("button", { class: "button", type: "button", onclick: () => guarded(() => makeKey(key, drawSnippet)) }, icon("key", 16), t("start.make"))),
          h("div", {}, segments(t("start.way"), WAYS.map((each) => [each, t(`start.${each}`)]), way(), choose)),
          snippet))),
      h("div", { class: "w4" }, arrived)));
  drawSnippet();
  await watch(arrived, parameters.has("first"), signal);
}

const guess = () => `${location.protocol}//${location.hostname}:8080`;

/** A write key is public, so a new one may be shown here; making it takes an admin token. */
async function makeKey(input, then) {
  if (!tokenOf("admin") && !(await askToken("admin"))) return;
  const { rows } = await ask("/v1/keys", {}, { method: "POST", body: { kind: "write", name: "Dashboard" }, admin: true });
  input.value = rows[0].key;
  session.set("key", input.value);
  then();
}

function code(way, collector, key) {
  const text = SNIPPETS[way](collector, key);
  return h("div", { class: "snippet" }, h("button", { class: "button small", type: "button", onclick: () => copy(text) }, icon("copy", 15), t("copy")), h("pre", { class: "code", tabindex: "0" }, text));
}

const SNIPPETS = {
  script: (collector, key) => `<script async src="${collector}/etappe.js" data-key="${key}"></script>

<!-- ${t("start.comment.script")} -->
<script>
  window.etappe = window.etappe || [];
  etappe.push(["identify", { user_id: "u-42", email: "anna@shop.example" }]);
  etappe.push(["track", "Order Completed", { product: "tea" }, { value: 129.5, currency: "CHF" }]);
</script>`,
  curl: (collector, key) => `curl -i ${collector}/v1/touchpoints \\
  -H "Authorization: Bearer ${key}" \\
  -d '{"event": "Product Viewed", "identifiers": {"user_id": "anna"}, "channel": "email"}'`,
  javascript: (collector, key) => `// npm install @segment/analytics-next (${t("start.comment.javascript")})
import { AnalyticsBrowser } from "@segment/analytics-next";

const analytics = AnalyticsBrowser.load({ writeKey: "${key}", cdnURL: "${collector}" });
analytics.identify("u-42", { email: "anna@shop.example" });
analytics.track("Order Completed", { value: 129.5, currency: "CHF" });`,
  python: (collector, key) => `# pip install segment-analytics-python
import segment.analytics as analytics

analytics.write_key = "${key}"
analytics.host = "${collector}"

analytics.identify("u-42", {"email": "anna@shop.example"})
analytics.track("u-42", "Order Completed", {"value": 129.5, "currency": "CHF"})
analytics.flush()`,
  demo: () => `# ${t("start.comment.demo")}
etappe demo`,
};

/** Looks until something has arrived; from then on the way to the funnel is open. `first`: nothing was there before. */
async function watch(place, first, signal) {
  const before = first ? 0 : (await ask("/v1/freshness")).rows[0].accepted;
  const empty = before === 0;
  const look = async () => {
    const row = (await ask("/v1/freshness")).rows[0];
    const came = row.accepted > before;
    show(place, card(t(came ? "start.arrived" : "start.waiting"), {},
      h("div", { class: "arrival" },
        h("span", { class: `ring ${came || !empty ? "done" : ""}` }, came || !empty ? icon("overview", 30) : ""),
        h("p", { class: "big number", "data-figure": "accepted" }, whole(row.accepted)),
        h("p", { class: "quiet" }, t("start.accepted", { n: row.accepted, count: row.accepted })),
        row.accepted > 0 && h("a", { class: "button main", href: href("overview") }, t("start.funnel")))));
    if (empty && came && row.lag_seconds === 0) location.assign(href("overview"));
  };
  await look();
  const again = setInterval(() => document.hidden || look().catch(() => {}), AGAIN_MS);
  signal.addEventListener("abort", () => clearInterval(again));
}
