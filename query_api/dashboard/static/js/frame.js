// The frame around every view: navigation, language, theme, token.
import { drawView } from "./app.js";
import { href } from "./address.js";
import { h, show } from "./dom.js";
import { currentLanguage, LANGUAGES, loadLanguage, t } from "./i18n.js";
import { icon, mark } from "./icons.js";
import { session, taste } from "./storage.js";
import { switchTheme } from "./theme.js";
import { askToken } from "./tokens.js";

let views = [];
let side;

export function drawFrame(names) {
  views = names;
  side = h("aside", { class: "side", id: "side" });
  show(
    document.body,
    h("a", { class: "skip", href: "#main", onclick: skip }, t("skip")),
    h("header", { class: "bar" }, brand(), languageButton(), h("button", { class: "ghost", type: "button", "aria-label": t("menu"), "aria-expanded": "false", "aria-controls": "side", onclick: openSide }, icon("menu", 20))),
    h("div", { class: "frame" }, side, h("main", { id: "main", tabindex: "-1" })),
    h("div", { class: "toast", role: "status", "aria-live": "polite" }),
  );
  drawSide();
}

function drawSide() {
  const link = (name) => h("li", {}, h("a", { href: href(name), "data-view": name, onclick: closeSide }, icon(name), t(`view.${name}`)));
  const asks = views.slice(0, 5);
  show(
    side,
    brand(),
    h("nav", { "aria-label": t("nav") }, h("ul", {}, asks.map(link)), h("div", { class: "rule" }), h("ul", {}, views.slice(5).map(link))),
    h("div", { class: "foot" },
      h("div", { class: "row" },
        languageButton(),
        h("button", { class: "ghost", type: "button", title: t("theme"), "aria-label": t("theme"), onclick: switchTheme }, icon("moon"))),
      h("button", { class: "ghost", type: "button", onclick: otherToken }, icon("key"), t("token.other"))),
  );
}

const brand = () => h("a", { class: "brand", href: "/" }, mark(), "Etappe");

/** To the content. Followed as a link it would be another address, and draw the view again. */
function skip(event) {
  event.preventDefault();
  document.querySelector("main").focus();
}

function languageButton() {
  const next = LANGUAGES[(LANGUAGES.indexOf(currentLanguage()) + 1) % LANGUAGES.length];
  return h("button", { class: "ghost language", type: "button", lang: next, title: t("language.other"), onclick: () => speak(next) }, next.toUpperCase(), h("span", { class: "only-read" }, ` ${t("language.other")}`));
}

async function speak(language) {
  taste.set("language", language);
  await loadLanguage(language);
  drawFrame(views);
  [...document.querySelectorAll(".language")].find((each) => each.checkVisibility({ visibilityProperty: true }))?.focus();
  await drawView();
}

async function otherToken() {
  closeSide();
  session.drop("admin");
  if (await askToken("read")) await drawView();
}

export function markPlace(name) {
  for (const link of side.querySelectorAll("a[data-view]")) {
    if (link.dataset.view === name) link.setAttribute("aria-current", "page");
    else link.removeAttribute("aria-current");
  }
}

function openSide() {
  side.classList.add("open");
  expanded(true);
  document.querySelector(".frame").append(h("div", { class: "veil", onclick: closeSide }));
  side.querySelector("nav a").focus();
  side.addEventListener("keydown", (event) => event.key === "Escape" && closeSide());
}

function closeSide() {
  side.classList.remove("open");
  expanded(false);
  document.querySelector(".veil")?.remove();
}

const expanded = (open) => document.querySelector(".bar [aria-expanded]")?.setAttribute("aria-expanded", String(open));
