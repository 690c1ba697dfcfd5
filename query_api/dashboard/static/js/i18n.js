// Words, numbers, times in the reader's language and region. Each language is one file with the same keys.
import { taste } from "./storage.js";

export const LANGUAGES = ["en", "de"];
const WITHOUT_SHARP_S = ["de-CH", "de-LI"];
let words = {};
let language = "en";
let region = "en";

export const currentLanguage = () => language;

export async function loadLanguage(wanted = taste.get("language") ?? navigator.language.slice(0, 2)) {
  language = LANGUAGES.includes(wanted) ? wanted : "en";
  const reply = await fetch(new URL(`../i18n/${language}.json`, import.meta.url));
  words = await reply.json();
  region = navigator.languages.find((each) => each.split("-")[0] === language) ?? language;
  if (WITHOUT_SHARP_S.includes(region)) words = Object.fromEntries(Object.entries(words).map(([key, text]) => [key, swiss(text)]));
  document.documentElement.lang = language;
}

const swiss = (text) => text.replaceAll("ß", "ss").replaceAll("„", "«").replaceAll("“", "»");

/** The words of a key, with `{name}` filled in; with `n` the form for that number (`key.one`, `key.other`). */
export function t(key, values = {}) {
  const form = "n" in values ? `${key}.${new Intl.PluralRules(language).select(values.n)}` : key;
  const text = words[form] ?? words[`${key}.other`] ?? words[key] ?? key;
  return text.replace(/\{(\w+)\}/g, (_, name) => {
    const value = values[name];
    return typeof value === "number" ? whole(value) : String(value ?? "");
  });
}

export const has = (key) => key in words;

const formats = new Map();

/** One of Intl's formats for the reader's region, made once. */
function intl(kind, options) {
  const key = `${region} ${kind.name} ${JSON.stringify(options)}`;
  if (!formats.has(key)) formats.set(key, new kind(region, options));
  return formats.get(key);
}

const number = (options) => (value) => (value == null ? "–" : intl(Intl.NumberFormat, options).format(value));
export const whole = number({ maximumFractionDigits: 0 });
export const money = number({ minimumFractionDigits: 0, maximumFractionDigits: 2 });
export const decimal = number({ maximumFractionDigits: 2, signDisplay: "exceptZero" });

/** A rate from 0 to 1: one decimal, none where it is a whole. */
export const percent = number({ style: "percent", maximumFractionDigits: 1 });
export const difference = number({ style: "percent", maximumFractionDigits: 1, signDisplay: "exceptZero" });

const UNITS = [["day", 86_400], ["hour", 3_600], ["minute", 60], ["second", 1]];

/** Seconds in the largest unit that fits, like 1.5 days. */
export function duration(seconds) {
  if (seconds == null) return "–";
  const [unit, size] = UNITS.find(([, each]) => Math.abs(seconds) >= each) ?? UNITS.at(-1);
  const value = seconds / size;
  const digits = unit === "second" || value >= 100 ? 0 : 1;
  return intl(Intl.NumberFormat, { style: "unit", unit, unitDisplay: "long", maximumFractionDigits: digits }).format(value);
}

// Days that bound a range or name a period are UTC, as in the API; moments are told by the reader's own clock.
const date = (options) => (value) => (value == null || value === "" ? "–" : intl(Intl.DateTimeFormat, options).format(new Date(value)));
export const day = date({ dateStyle: "medium", timeZone: "UTC" });
export const dayAndMonth = date({ day: "numeric", month: "short", timeZone: "UTC" });
export const month = date({ month: "short", year: "numeric", timeZone: "UTC" });
export const moment = date({ dateStyle: "medium", timeStyle: "short" });
export const calendarDay = date({ dateStyle: "medium" });
export const shortDate = date({ day: "numeric", month: "short" });
export const clock = date({ timeStyle: "short" });

export const zone = () => new Intl.DateTimeFormat().resolvedOptions().timeZone;

const AGO = [["day", 86_400], ["hour", 3_600], ["minute", 60], ["second", 1]];

export function ago(value, now = Date.now()) {
  const seconds = (new Date(value).getTime() - now) / 1000;
  const [unit, size] = AGO.find(([, each]) => Math.abs(seconds) >= each) ?? AGO.at(-1);
  return intl(Intl.RelativeTimeFormat, { numeric: "auto" }).format(Math.trunc(seconds / size), unit);
}

/** A country by its two letters, in the reader's words; anything else as it is. */
export const country = (code) => (/^[A-Z]{2}$/.test(code) ? new Intl.DisplayNames(region, { type: "region" }).of(code) : code);

/** A name out of the data: our words for the well-known ones, else its own, made readable. */
export function name(kind, value) {
  if (value == null || value === "") return t("value.none");
  const key = `${kind}.${value}`;
  if (key in words) return words[key];
  const text = String(value).replaceAll("_", " ");
  return text.charAt(0).toUpperCase() + text.slice(1);
}
