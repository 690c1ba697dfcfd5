// Elements from descriptions. Text is always text: nothing that a touchpoint says becomes markup.

const SVG = "http://www.w3.org/2000/svg";

/** `h("a", {href, class, style: {…}, onclick}, …children)`; children may be nested lists, texts, numbers or empty. */
export function h(tag, props, ...children) {
  return fill(document.createElement(tag), props, children);
}

/** The same for drawings. */
export function s(tag, props, ...children) {
  return fill(document.createElementNS(SVG, tag), props, children);
}

function fill(element, props, children) {
  for (const [name, value] of Object.entries(props ?? {})) set(element, name, value);
  element.append(...children.flat(Infinity).filter((each) => each != null && each !== false).map(node));
  return element;
}

function set(element, name, value) {
  if (value == null || value === false) return;
  if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
  else if (name === "style") for (const [key, each] of Object.entries(value)) element.style.setProperty(key, each);
  else if (name === "value" || name === "checked" || name === "disabled") element[name] = value;
  else element.setAttribute(name, value === true ? "" : value);
}

const node = (each) => (each instanceof Node ? each : document.createTextNode(String(each)));

const STOPS = "a[href], button, input, select, textarea, summary";

/** Put these children in place of those that are there. Whoever was at one of them is at its like afterwards: it has the focus, and what was open is open. */
export function show(parent, ...children) {
  const held = document.activeElement !== parent && parent.contains(document.activeElement) ? placeOf(document.activeElement, parent) : null;
  const open = [...parent.querySelectorAll("details[open] > summary")].map((each) => placeOf(each, parent));
  parent.replaceChildren(...children.flat(Infinity).filter((each) => each != null && each !== false).map(node));
  for (const each of open) found(parent, each)?.parentElement.setAttribute("open", "");
  if (held) found(parent, held)?.focus({ preventScroll: true });
  return parent;
}

/** What something is called, whatever number it says, and which of all that are called so it is. */
function placeOf(element, parent) {
  const called = nameOf(element);
  return { called, order: alike(parent, called).indexOf(element) };
}

const found = (parent, { called, order }) => alike(parent, called)[order];
const alike = (parent, called) => [...parent.querySelectorAll(STOPS)].filter((each) => nameOf(each) === called);
const nameOf = (each) => each.dataset.key ?? [each.localName, each.name, each.dataset.figure, each.getAttribute("aria-label") ?? each.textContent.replace(/[\d.,'’%\s]+/g, "")].join(" ");
