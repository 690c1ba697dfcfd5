// Colours of phases, channels and charts. OKLCH to sRGB after B. Ottosson, "A perceptual color space for image processing".

const clamp = (x) => Math.min(1, Math.max(0, x));
const gamma = (x) => (x <= 0.0031308 ? 12.92 * x : 1.055 * x ** (1 / 2.4) - 0.055);

/** Lightness 0 to 1, chroma, hue in degrees, as #rrggbb: charts on canvas want no newer notation. */
export function oklch(lightness, chroma, hue) {
  const a = chroma * Math.cos((hue * Math.PI) / 180);
  const b = chroma * Math.sin((hue * Math.PI) / 180);
  const l = (lightness + 0.3963377774 * a + 0.2158037573 * b) ** 3;
  const m = (lightness - 0.1055613458 * a - 0.0638541728 * b) ** 3;
  const n = (lightness - 0.0894841775 * a - 1.291485548 * b) ** 3;
  return hex([
    4.0767416621 * l - 3.3077115913 * m + 0.2309699292 * n,
    -1.2684380046 * l + 2.6097574011 * m - 0.3413193965 * n,
    -0.0041960863 * l - 0.7034186147 * m + 1.707614701 * n,
  ]);
}

const hex = (parts) => `#${parts.map((x) => Math.round(clamp(gamma(x)) * 255).toString(16).padStart(2, "0")).join("")}`;

export const isDark = () => document.documentElement.dataset.theme === "dark";

/** The colour of a phase by its place (from 1) among `count`: from a cool beginning to a warm end. */
export function phaseColour(position, count) {
  const share = count > 1 ? (position - 1) / (count - 1) : 0;
  const hue = 262 - 192 * share;
  return isDark() ? oklch(0.74, 0.115, hue) : oklch(0.56 + 0.1 * share, 0.125, hue);
}

/** Colours for things without an order, like groups. */
export function groupColour(index) {
  const hues = [165, 262, 70, 340, 215, 110, 25, 300, 190, 45];
  return isDark() ? oklch(0.76, 0.11, hues[index % 10]) : oklch(0.6, 0.13, hues[index % 10]);
}

/** From -1 to 1: bad over neutral to good. */
export function sentimentColour(value) {
  if (value == null) return variable("--ink-3");
  const strength = Math.min(1, Math.abs(value) * 1.4);
  return oklch(isDark() ? 0.74 : 0.58, 0.03 + 0.13 * strength, value < 0 ? 22 : 152);
}

export const variable = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();
