// Asking for a token: read to see, admin to operate. Kept for as long as the tab lives, and nowhere else.
import { h } from "./dom.js";
import { t } from "./i18n.js";
import { icon } from "./icons.js";
import { wordsOf } from "./pieces.js";
import { session } from "./storage.js";

let asking = null;

/** Resolves to whether a token was given. Two that ask at once share the answer. */
export function askToken(kind, refused) {
  asking ??= open(kind, refused).finally(() => (asking = null));
  return asking;
}

function open(kind, refused) {
  return new Promise((resolve) => {
    const input = h("input", { class: "input mono", id: "token", name: "token", type: "password", autocomplete: "off", spellcheck: "false", required: true });
    const form = h(
      "form",
      { method: "dialog" },
      h("div", { class: "row" }, icon("key", 22), h("h2", {}, t(`token.${kind}.title`))),
      h("p", { class: "quiet" }, t(`token.${kind}.text`)),
      refused && h("div", { class: "notice bad" }, h("div", {}, wordsOf(refused))),
      h("label", { class: "field", for: "token" }, t(`token.${kind}.label`), input),
      h("p", { class: "quiet" }, t("token.kept")),
      h("div", { class: "row end" },
        h("button", { class: "button", type: "button", onclick: () => dialog.close() }, t("cancel")),
        h("button", { class: "button main", type: "submit" }, t("token.use"))),
    );
    const dialog = h("dialog", { class: "box-dialog", "aria-label": t(`token.${kind}.title`) }, form);
    form.addEventListener("submit", () => session.set(kind === "admin" ? "admin" : "token", input.value.trim()));
    dialog.addEventListener("close", () => {
      dialog.remove();
      resolve(Boolean(input.value.trim()) && dialog.returnValue !== "cancel" && form.dataset.given === "yes");
    });
    form.addEventListener("submit", () => (form.dataset.given = "yes"));
    document.body.append(dialog);
    dialog.showModal();
    input.focus();
  });
}
