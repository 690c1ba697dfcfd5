// The people behind a number, in a sheet at the side; each leads to their journey.
import { ask } from "./api.js";
import { href } from "./address.js";
import { h } from "./dom.js";
import { moment, name, t } from "./i18n.js";
import { drawer, empty, exports_, table } from "./pieces.js";
import { rules } from "./rules.js";

const PAGE = 50;

/** `path` with the question's parameters plus what names the cell; `body` for calls that take one. */
export function showPeople(title, note, path, parameters, options = {}) {
  drawer(title, note, () => page(path, parameters, options, ""));
}

async function page(path, parameters, options, cursor) {
  const paged = { limit: PAGE, ...(cursor && { cursor }) };
  const { rows, meta } = options.body
    ? await ask(path, parameters, { ...options, body: { ...options.body, ...paged } })
    : await ask(path, { ...parameters, ...paged }, options);
  if (!rows.length && !cursor) return empty(t("people.none"));
  const place = h("div", { class: "stack" });
  const more = () => page(path, parameters, options, meta.next).then((next) => place.lastChild.replaceWith(next));
  place.append(
    !cursor ? h("div", { class: "row end" }, exports_({ path, parameters, ...options }, { name: "people" })) : "",
    !cursor ? rules(meta) : "",
    list(rows),
    meta.next ? h("div", { class: "row" }, h("button", { class: "button", type: "button", onclick: more }, t("more"))) : "",
  );
  return place;
}

const list = (rows) =>
  table(
    [
      [t("customer"), (row) => h("a", { class: "mono", href: href("customer", { customer: row.customer }) }, row.customer)],
      [t("people.reached"), (row) => moment(row.reached_at ?? row.first_at), "when"],
      [t("people.last"), (row) => [row.last_event ?? "", h("div", { class: "quiet" }, moment(row.last_at))]],
      [t("channel"), (row) => name("channel", row.channel)],
    ],
    rows,
    t("people"),
  );
