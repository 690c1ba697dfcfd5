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

/** Put these children in place of those that are there. */
export function show(parent, ...children) {
  parent.replaceChildren(...children.flat(Infinity).filter((each) => each != null && each !== false).map(node));
  return parent;
}
