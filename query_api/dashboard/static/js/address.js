// The whole question stands in the address, so that it can be shared, gone back to, and restored.

const PLAIN = "overview";

/** What the address asks: the view's name and its parameters (URLSearchParams without `view`). */
export function read() {
  const parameters = new URLSearchParams(location.search);
  const view = parameters.get("view") ?? PLAIN;
  parameters.delete("view");
  return { view, parameters };
}

/** The address of a view; parameters that are empty are left out, lists are repeated. */
export function href(view, parameters = {}) {
  const written = new URLSearchParams();
  if (view !== PLAIN) written.set("view", view);
  for (const [name, value] of parameters instanceof URLSearchParams ? parameters : Object.entries(parameters)) {
    for (const each of Array.isArray(value) ? value : [value]) if (each != null && each !== "") written.append(name, each);
  }
  return `/${written.size ? `?${written}` : ""}`;
}

/** Another question in the same view: the address changes, nothing is loaded again. */
export function replace(view, parameters) {
  history.replaceState(null, "", href(view, parameters));
}

/** What cannot be read in an address that somebody changed or cut short. */
export class Unreadable extends Error {}

/** JSON out of the address. */
export function readJson(text) {
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw new Unreadable(text, { cause });
  }
}

/** What the fragment carries (token, key, collector), taken out of the address at once. */
export function takeFragment() {
  const carried = new URLSearchParams(location.hash.slice(1));
  if (carried.has("token") || carried.has("key") || carried.has("collector")) {
    history.replaceState(null, "", location.pathname + location.search);
  }
  return carried;
}
