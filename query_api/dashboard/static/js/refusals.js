// Why an event was refused, in the reader's words. The API answers in English: its sentence stays as it is, beside these.
import { h } from "./dom.js";
import { has, moment, t } from "./i18n.js";

/** The reason's own sentence, which a detail may begin with; after it comes what was found in this event. */
const SENTENCE = /^[A-Z][^.]*\.(?: |$)/;

/** What may have been found: the form that the detail has, and the words for it. */
const FORMS = [
  [/^(.+?) is (.+) \(wanted (.+)\)$/, (field, found, wanted) => t("why.is", { field, found: kinds(found), wanted: kinds(wanted) })],
  [/^(identifiers\.\S+): (\d+) characters \(wanted at most (\d+)\)$/, (field, found, most) => t("why.long", { field, found: Number(found), most: Number(most) })],
  [/^(\S+) has (\d+) characters\.$/, (field, found) => t("why.long", { field, found: Number(found), most: 200 })],
  [/^It has (\d+) bytes\.$/, (bytes) => t("why.bytes", { count: Number(bytes) })],
  [/^at is (before|after) (\S+)\.$/, (side, time) => t(`why.${side}`, { moment: moment(time) })],
  [/^Absent or blocked: (.+)\.$/, (types) => t("why.blocked", { types })],
  [/^Send the rest in another request\.$/, () => t("why.rest")],
];

/** Kinds of values in the reader's words; what has none stays as the API has it. */
const keyOf = (kind) => `kind.${kind.replace(/^an? /, "").replaceAll(" ", "_")}`;
const kinds = (said) => {
  const parts = has(keyOf(said)) ? [said] : said.split(" or ");
  return parts.every((each) => has(keyOf(each))) ? parts.map((each) => t(keyOf(each))).join(` ${t("or")} `) : said;
};

/** The words for a refusal {reason, detail}; what has none of ours follows as the API says it. */
export function why({ reason, detail }) {
  const known = has(`why.${reason}`);
  const found = known ? detail.replace(SENTENCE, "") : detail;
  const [form, said] = FORMS.find(([each]) => each.test(found)) ?? [];
  return [known && t(`why.${reason}`), " ", form ? said(...found.match(form).slice(1)) : found && h("q", { lang: "en" }, found)];
}
