// A part of the page as a picture: its grounds, lines, texts and drawings, painted onto a canvas as the browser laid them out.
import { variable } from "../colours.js";

const LEFT_OUT = ".actions, .segments, .only-read, details.rules, button.button";
const FINE = 2;
const WIDEST = 8_000;
const MARGIN = 16;
const SMALL = 12;

/** What `root` shows, with the rules of its numbers beneath, as the address of a PNG. */
export function painted(root) {
  const moved = [...root.querySelectorAll(".scroll")].map((each) => [each, each.scrollLeft]);
  for (const [each] of moved) each.scrollLeft = 0;
  try {
    return paint(root);
  } finally {
    for (const [each, left] of moved) each.scrollLeft = left;
  }
}

function paint(root) {
  const from = root.getBoundingClientRect();
  const parts = [...root.querySelectorAll("*")].filter(visible);
  const right = Math.max(from.right, ...parts.map((each) => each.getBoundingClientRect().right));
  const rules = root.querySelector("details.rules");
  const tall = (rules ? rules.getBoundingClientRect().top : from.bottom) - from.top;
  const wide = right - from.left;
  const pen = document.createElement("canvas").getContext("2d");
  const lines = wrapped(pen, [...root.querySelectorAll("details.rules li")].map((each) => each.textContent), wide - 2 * MARGIN);
  const size = { wide, tall: tall + MARGIN + lines.length * SMALL * 1.5 };
  const scale = Math.min(FINE, WIDEST / size.wide, WIDEST / size.tall);
  pen.canvas.width = Math.ceil(size.wide * scale);
  pen.canvas.height = Math.ceil(size.tall * scale);
  pen.scale(scale, scale);
  pen.fillStyle = variable("--surface");
  pen.fillRect(0, 0, size.wide, size.tall);
  caption(pen, lines, tall);
  pen.translate(-from.left, -from.top);
  for (const each of parts) if (!rules?.contains(each)) element(pen, each);
  return pen.canvas.toDataURL("image/png");
}

const visible = (each) => each.checkVisibility({ visibilityProperty: true, opacityProperty: true }) && !each.closest(LEFT_OUT) && !(each.closest("svg") && each.localName !== "svg");

function element(pen, each) {
  if (each.localName === "svg") return drawing(pen, each);
  const style = getComputedStyle(each);
  box(pen, each.getBoundingClientRect(), style);
  for (const node of each.childNodes) if (node.nodeType === Node.TEXT_NODE && node.data.trim()) text(pen, node, style);
}

function box(pen, place, style) {
  pen.beginPath();
  pen.roundRect(place.left, place.top, place.width, place.height, Number.parseFloat(style.borderTopLeftRadius) || 0);
  pen.fillStyle = style.backgroundColor;
  pen.fill();
  for (const side of ["Top", "Right", "Bottom", "Left"]) edge(pen, place, style, side);
}

/** One border, which lies within its box. */
function edge(pen, place, style, side) {
  const thick = Number.parseFloat(style[`border${side}Width`]);
  const kind = style[`border${side}Style`];
  if (kind === "none" || !thick) return;
  const inner = { top: place.top + thick / 2, right: place.right - thick / 2, bottom: place.bottom - thick / 2, left: place.left + thick / 2 };
  const at = inner[side.toLowerCase()];
  pen.save();
  pen.lineWidth = thick;
  pen.strokeStyle = style[`border${side}Color`];
  pen.setLineDash(kind === "dashed" ? [3, 3] : []);
  pen.beginPath();
  if (side === "Top" || side === "Bottom") {
    pen.moveTo(place.left, at);
    pen.lineTo(place.right, at);
  } else {
    pen.moveTo(at, place.top);
    pen.lineTo(at, place.bottom);
  }
  pen.stroke();
  pen.restore();
}

/** Word by word, so that lines break where the page breaks them; digits of equal width one by one. */
function text(pen, node, style) {
  pen.font = `${style.fontStyle} ${style.fontWeight} ${style.fontSize} ${style.fontFamily}`;
  if ("letterSpacing" in pen) pen.letterSpacing = style.letterSpacing === "normal" ? "0px" : style.letterSpacing;
  pen.fillStyle = style.color;
  pen.textBaseline = "alphabetic";
  const range = document.createRange();
  for (const word of node.data.matchAll(style.fontVariantNumeric.includes("tabular") ? /\d|[^\d\s]+/g : /\S+/g)) {
    range.setStart(node, word.index);
    range.setEnd(node, word.index + word[0].length);
    const place = range.getBoundingClientRect();
    const size = pen.measureText(word[0]);
    const room = place.height - size.fontBoundingBoxAscent - size.fontBoundingBoxDescent;
    pen.fillText(word[0], place.left, place.top + room / 2 + size.fontBoundingBoxAscent);
  }
}

function drawing(pen, svg) {
  const place = svg.getBoundingClientRect();
  const view = svg.viewBox.baseVal;
  pen.save();
  pen.translate(place.left, place.top);
  pen.scale(place.width / view.width, place.height / view.height);
  pen.translate(-view.x, -view.y);
  for (const each of svg.querySelectorAll("path, circle, rect")) shape(pen, each, svg);
  pen.restore();
}

function shape(pen, each, svg) {
  const style = getComputedStyle(each);
  const path = outline(each);
  pen.save();
  const turned = each.transform.baseVal.consolidate()?.matrix;
  if (turned) pen.transform(turned.a, turned.b, turned.c, turned.d, turned.e, turned.f);
  pen.globalAlpha = Number(style.opacity);
  if (style.fill !== "none") {
    pen.fillStyle = paintOf(pen, style.fill, each, svg);
    pen.fill(path);
  }
  if (style.stroke !== "none") {
    pen.strokeStyle = style.stroke;
    pen.lineWidth = Number.parseFloat(style.strokeWidth);
    pen.lineCap = style.strokeLinecap;
    pen.lineJoin = style.strokeLinejoin;
    pen.setLineDash(style.strokeDasharray === "none" ? [] : style.strokeDasharray.split(",").map(Number.parseFloat));
    pen.stroke(path);
  }
  pen.restore();
}

function outline(each) {
  const at = (name) => Number(each.getAttribute(name) ?? 0);
  if (each.localName === "path") return new Path2D(each.getAttribute("d"));
  const path = new Path2D();
  if (each.localName === "circle") path.arc(at("cx"), at("cy"), at("r"), 0, 2 * Math.PI);
  else path.roundRect(at("x"), at("y"), at("width"), at("height"), at("rx"));
  return path;
}

/** A colour, or a gradient from left to right over the shape. */
function paintOf(pen, fill, each, svg) {
  const named = fill.match(/url\("?#([^")]+)/)?.[1];
  if (!named) return fill;
  const over = each.getBBox();
  const gradient = pen.createLinearGradient(over.x, 0, over.x + over.width, 0);
  for (const stop of svg.querySelectorAll(`#${CSS.escape(named)} stop`)) gradient.addColorStop(Number(stop.getAttribute("offset")), getComputedStyle(stop).stopColor);
  return gradient;
}

function caption(pen, lines, top) {
  pen.font = `400 ${SMALL}px ${variable("--font")}`;
  pen.fillStyle = variable("--ink-3");
  lines.forEach((each, index) => pen.fillText(each, MARGIN, top + MARGIN / 2 + (index + 0.7) * SMALL * 1.5));
}

function wrapped(pen, sentences, wide) {
  pen.font = `400 ${SMALL}px ${variable("--font")}`;
  const lines = [];
  let current = "";
  for (const word of sentences.join(" ").split(/\s+/).filter(Boolean)) {
    const longer = current ? `${current} ${word}` : word;
    if (current && pen.measureText(longer).width > wide) {
      lines.push(current);
      current = word;
    } else current = longer;
  }
  return current ? [...lines, current] : lines;
}
