// Small pieces of every view: cards, figures, fields, tables, notices, dialogs.
import { Unreadable } from "./address.js";
import { asCall, file, Refused } from "./api.js";
import { picture } from "./charts.js";
import { h, show } from "./dom.js";
import { currentLanguage, has, t } from "./i18n.js";
import { icon } from "./icons.js";

export function card(title, { note, tools, wide = "", flush = false, id } = {}, ...content) {
  const header = title && h("header", {}, h("div", { class: "title" }, h("h2", {}, title), note && h("p", {}, note)), tools);
  return h("section", { class: `card ${wide} ${flush ? "flush" : ""}`, id }, header, content);
}

export const figures = (...all) => h("dl", { class: "figures" }, all);

const LONG = 10;

/** One number with its name; `id` lets a test compare it. What is long for a number is written smaller. */
export const figure = (name, value, { note, id, chip } = {}) =>
  h("div", { class: "figure" }, h("dt", {}, name, chip), h("dd", { "data-figure": id }, value.length > LONG ? h("span", { class: "in-words" }, value) : value, note && h("span", { class: "note" }, note)));

export const heading = (name, ...controls) =>
  h("div", { class: "head" }, h("div", { class: "words" }, h("h1", {}, t(`view.${name}`)), h("p", {}, t(`${name}.lead`))), controls.length > 0 && h("div", { class: "controls" }, controls));

export const waiting = (height = 120) => h("div", { class: "wait", style: { "min-height": `${height}px` }, role: "status" }, h("span", { class: "only-read" }, t("waiting")));

export const empty = (title, text, ...more) => h("div", { class: "empty" }, h("strong", {}, title), text && h("p", {}, text), more);

/** What went wrong, in words that say what to do. A call that this server does not have yet is no error of anybody's. */
export function notice(error) {
  if (error instanceof Unreadable) return h("div", { class: "notice bad", role: "alert" }, icon("warn"), h("div", {}, t("error.address")));
  if (!(error instanceof Refused)) console.error(error);
  if (error instanceof Refused && error.status === 404 && /no such path/.test(error.message)) {
    return h("div", { class: "notice" }, icon("warn"), h("div", {}, t("error.absent")));
  }
  return h("div", { class: "notice bad", role: "alert" }, icon("warn"), h("div", {}, wordsOf(error)));
}

/** Of a refused call: every field with its value and what was wanted. What the API says in English is marked so, and on another page stands behind words of that page. */
export function wordsOf(error) {
  const problems = (error.problems ?? []).map((each) => h("li", {}, h("code", {}, each.field), ` ${each.value ?? ""} – ${t("error.wanted")} `, h("span", { lang: "en" }, each.wanted)));
  if (problems.length) return [h("p", {}, t("error.problems")), h("ul", {}, problems)];
  if (error.status === 401 && !error.message) return t("token.needed"); // nobody was asked
  const ours = has(`error.${error.status}`) ? t(`error.${error.status}`) : t("error.any");
  if (!error.message) return ours;
  return currentLanguage() === "en" ? error.message : [ours, " ", h("q", { lang: "en" }, error.message)];
}

/** Put what `work()` makes into `place`; until then a sign that something comes, and where it fails why. */
export async function into(place, work, signal, height) {
  const turn = (place.turn = (place.turn ?? 0) + 1);
  const current = () => place.turn === turn && !signal?.aborted;
  if (!place.childNodes.length) show(place, waiting(height));
  place.setAttribute("aria-busy", "true");
  try {
    const made = await work();
    if (current()) show(place, made);
  } catch (error) {
    if (current()) show(place, notice(error));
  } finally {
    if (current()) place.removeAttribute("aria-busy");
  }
}

/** A field with its label. `choices`: [value, words] pairs make a list to choose from. */
export function field(label, { choices, value = "", onchange, type = "text", wide = "", ...more }) {
  const changed = (event) => onchange?.(event.target.value, event.target);
  const control = choices
    ? h("select", { class: "input", onchange: changed, ...more }, choices.map(([each, words]) => h("option", { value: each, selected: String(each) === String(value) }, words)))
    : h("input", { class: "input", type, value, onchange: changed, ...more });
  return h("label", { class: `field ${wide}` }, h("span", {}, label), control);
}

export const segments = (label, choices, value, onchange) => {
  const buttons = choices.map(([each, words]) =>
    h("button", { type: "button", "aria-pressed": String(each === value), onclick: (event) => {
      for (const other of buttons) other.setAttribute("aria-pressed", String(other === event.currentTarget));
      onchange(each);
    } }, words));
  return h("div", { class: "segments", role: "group", "aria-label": label }, buttons);
};

/** A table; columns are [head, cell of a row, class]. It scrolls by itself where it is too wide. */
export const table = (columns, rows, label) =>
  h("div", { class: "scroll", tabindex: "0", role: "region", "aria-label": label },
    h("table", {},
      h("thead", {}, h("tr", {}, columns.map(([head, , kind]) => h("th", { class: kind, scope: "col" }, head)))),
      h("tbody", {}, rows.map((row, index) => h("tr", {}, columns.map(([, cell, kind]) => h("td", { class: kind }, cell(row, index))))))));

/** What a chart shows, for whoever does not see it: opens a table. */
export const asTable = (columns, rows, label) => h("details", { class: "more" }, h("summary", {}, t("as.table")), table(columns, rows, label));

let told;
export function toast(words) {
  const place = document.querySelector(".toast");
  place.textContent = words;
  clearTimeout(told);
  told = setTimeout(() => (place.textContent = ""), 3500);
}

export function save(name, data) {
  const address = typeof data === "string" ? data : URL.createObjectURL(data);
  h("a", { href: address, download: name }).click();
  if (typeof data !== "string") setTimeout(() => URL.revokeObjectURL(address), 10_000);
}

export async function copy(text) {
  try {
    await navigator.clipboard.writeText(text);
    toast(t("copied"));
  } catch {
    dialog(t("copy.by.hand"), h("pre", { class: "code", tabindex: "0" }, text));
  }
}

/** A chart's picture, or that of any other part of the page, as a PNG. */
const drawn = async (place) => (place.chart ? picture(place) : (await import("./later/painting.js")).painted(place));

/** CSV, PNG and the call itself. `call`: {path, parameters, method, body}; `chart`: a function that gives what is to be drawn. */
export function exports_(call, { name = "etappe", chart } = {}) {
  const small = (drawing, words, onclick, label) => h("button", { class: "button plain small", type: "button", onclick }, icon(drawing, 16), words, label && h("span", { class: "only-read" }, ` ${label}`));
  return h("div", { class: "actions" },
    small("csv", "CSV", () => guarded(async () => save(`${name}.csv`, await file(call.path, call.parameters, "csv", call))), t("export.csv")),
    chart && small("image", "PNG", () => guarded(async () => save(`${name}.png`, await drawn(chart()))), t("export.png")),
    small("copy", t("export.call"), () => copy(asCall(call.path, call.parameters, call))));
}

export const guarded = (work) => work().catch((error) => dialog(t("error.title"), notice(error)));

/** A box above the page. Resolves to the value of the button that closed it, '' where there was none. */
export function dialog(title, content, buttons = [["", t("close"), ""]]) {
  return new Promise((resolve) => {
    const box = h("dialog", { class: "box-dialog", "aria-label": title },
      h("form", { method: "dialog" }, h("h2", {}, title), content,
        h("div", { class: "row end" }, buttons.map(([value, words, kind]) => h("button", { class: `button ${kind}`, value }, words)))));
    box.addEventListener("close", () => {
      box.remove();
      resolve(box.returnValue);
    });
    document.body.append(box);
    box.showModal();
  });
}

/** A sheet at the side of the page, filled by `work`. */
export function drawer(title, note, work) {
  const content = h("div", { class: "content" });
  const box = h("dialog", { class: "drawer", "aria-label": title },
    h("header", {}, h("div", {}, h("h2", {}, title), note && h("p", { class: "quiet" }, note)),
      h("button", { class: "button plain small", type: "button", "aria-label": t("close"), onclick: () => box.close() }, icon("close"))),
    content);
  box.addEventListener("close", () => box.remove());
  box.addEventListener("click", (event) => (event.target === box || event.target.closest("a[href]")) && box.close());
  document.body.append(box);
  box.showModal();
  into(content, work);
  return box;
}
