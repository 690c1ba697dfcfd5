// Words, numbers, times in the reader's language. Each language is one file with the same keys.
import { taste } from "./storage.js";

export const LANGUAGES = ["en", "de"];
let words = {};
let language = "en";

export const currentLanguage = () => language;

export async function loadLanguage(wanted = taste.get("language") ?? navigator.language.slice(0, 2)) {
  language = LANGUAGES.includes(wanted) ? wanted : "en";
  const reply = await fetch(new URL(`../i18n/${language}.json`, import.meta.url));
  words = await reply.json();
  document.documentElement.lang = language;
}

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

const format = (options) => (value) => (value == null ? "–" : new Intl.NumberFormat(language, options).format(value));
export const whole = format({ maximumFractionDigits: 0 });
export const money = format({ minimumFractionDigits: 0, maximumFractionDigits: 2 });
export const short = format({ notation: "compact", maximumFractionDigits: 1 });
export const decimal = format({ maximumFractionDigits: 2, signDisplay: "exceptZero" });

/** A rate from 0 to 1: one decimal, none where it is a whole. */
export const percent = format({ style: "percent", maximumFractionDigits: 1 });

const UNITS = [["d", 86_400], ["h", 3_600], ["min", 60], ["s", 1]];

/** Seconds in the largest unit that fits, like 1.5 d. */
export function duration(seconds) {
  if (seconds == null) return "–";
  const [unit, size] = UNITS.find(([, each]) => Math.abs(seconds) >= each) ?? UNITS.at(-1);
  const value = seconds / size;
  const digits = unit === "s" || value >= 100 ? 0 : 1;
  return `${new Intl.NumberFormat(language, { maximumFractionDigits: digits }).format(value)} ${t(`unit.${unit}`)}`;
}

const parse = (value) => new Date(value);
export const day = (value) => (value ? new Intl.DateTimeFormat(language, { dateStyle: "medium", timeZone: "UTC" }).format(parse(value)) : "–");
export const time = (value) => (value ? new Intl.DateTimeFormat(language, { timeStyle: "short", timeZone: "UTC" }).format(parse(value)) : "–");
export const moment = (value) =>
  value ? new Intl.DateTimeFormat(language, { dateStyle: "medium", timeStyle: "short", timeZone: "UTC" }).format(parse(value)) : "–";

const AGO = [["day", 86_400], ["hour", 3_600], ["minute", 60], ["second", 1]];

export function ago(value, now = Date.now()) {
  const seconds = (parse(value).getTime() - now) / 1000;
  const [unit, size] = AGO.find(([, each]) => Math.abs(seconds) >= each) ?? AGO.at(-1);
  return new Intl.RelativeTimeFormat(language, { numeric: "auto" }).format(Math.trunc(seconds / size), unit);
}

/** A name out of the data: our words for the well-known ones, else its own, made readable. */
export function name(kind, value) {
  if (value == null || value === "") return t("value.none");
  const key = `${kind}.${value}`;
  if (key in words) return words[key];
  const text = String(value).replaceAll("_", " ");
  return text.charAt(0).toUpperCase() + text.slice(1);
}
