// The public query API, asked with the reader's token; with an admin token where a call needs one.
import { session } from "./storage.js";

/** An answer that is none: `status`, the API's words, and its problems. */
export class Refused extends Error {
  constructor(status, body) {
    super(body.error ?? `HTTP ${status}`);
    this.status = status;
    this.problems = body.problems ?? [];
  }
}

let askForToken = async () => false;

/** `ask(kind)` resolves to whether the reader gave a token of the kind (read or admin). */
export function onMissingToken(ask) {
  askForToken = ask;
}

export const tokenOf = (kind) => session.get(kind === "admin" ? "admin" : "token") ?? (kind === "read" ? session.get("admin") : null);

/** Parameters as a query string: empty ones are left out, lists are repeated. */
export function query(parameters = {}) {
  const written = new URLSearchParams();
  for (const [name, value] of Object.entries(parameters)) {
    for (const each of Array.isArray(value) ? value : [value]) {
      if (each != null && each !== "" && each !== false) written.append(name, String(each));
    }
  }
  return written.toString();
}

export const address = (path, parameters) => [path, query(parameters)].filter(Boolean).join("?");

const ahead = new Map();

/** Ask before it is known who wants the answer: the next `ask` for the same has it; where it was refused, asks again. */
export function askAhead(path, parameters) {
  const wanted = address(path, parameters);
  const found = answerOf(path, parameters, { again: true }).then(read);
  found.catch(() => {});
  ahead.set(wanted, found);
  setTimeout(() => ahead.delete(wanted), 5_000); // nobody wanted it
  return found;
}

/** Rows and meta, and of an order its `position`. Options: `method`, `body` (JSON) or `text` with `type`, `admin`. Refused where there is no answer. */
export async function ask(path, parameters, options = {}) {
  const wanted = address(path, parameters);
  if (ahead.has(wanted) && !options.method && !options.admin) {
    const found = ahead.get(wanted);
    ahead.delete(wanted);
    return found.catch(() => ask(path, parameters, options));
  }
  return read(await answerOf(path, parameters, options));
}

async function read(reply) {
  return { ...(await reply.json()), position: reply.headers.get("x-etappe-position") };
}

/** The answer as a file in another format. */
export async function file(path, parameters, format, options = {}) {
  return (await answerOf(path, { ...parameters, format }, options)).blob();
}

async function answerOf(path, parameters, options) {
  const kind = options.admin ? "admin" : "read";
  if (!tokenOf(kind) && !(await askForToken(kind))) throw new Refused(401, { error: "" });
  const reply = await fetch(address(path, parameters), request(options, kind));
  if (reply.ok) return reply;
  const refused = new Refused(reply.status, await reply.json().catch(() => ({})));
  if ((reply.status === 401 || (reply.status === 403 && options.admin)) && !options.again) {
    session.drop(kind === "admin" ? "admin" : "token");
    if (await askForToken(kind, refused)) return answerOf(path, parameters, { ...options, again: true });
  }
  throw refused;
}

function request({ method = "GET", body, text, type, signal }, kind) {
  const headers = { Authorization: `Bearer ${tokenOf(kind)}` };
  if (body !== undefined) headers["Content-Type"] = "application/json";
  if (text !== undefined) headers["Content-Type"] = type;
  return { method, headers, signal, cache: "no-store", body: body === undefined ? text : JSON.stringify(body) };
}

/** The same question for a shell. The token is a variable: a call that is passed on does not carry it. */
export function asCall(path, parameters, { method = "GET", body } = {}) {
  const lines = [`curl "${location.origin}${address(path, parameters)}"`, `-H "Authorization: Bearer $READ_TOKEN"`];
  if (method !== "GET") lines.splice(1, 0, `-X ${method}`);
  if (body !== undefined) lines.push(`-d '${JSON.stringify(body).replaceAll("'", "'\\''")}'`);
  return lines.join(" \\\n  ");
}

/** Server-sent events of a call; `hear(kind, data)` for each. Ends when `signal` is aborted, and comes again otherwise. */
export async function listen(path, parameters, hear, signal) {
  let last = "";
  let first = parameters;
  while (!signal.aborted) {
    try {
      const headers = { Authorization: `Bearer ${tokenOf("read")}`, ...(last && { "Last-Event-ID": last }) };
      const reply = await fetch(address(path, first), { headers, signal, cache: "no-store" });
      if (!reply.ok) throw new Refused(reply.status, await reply.json().catch(() => ({})));
      hear("open", null);
      first = { ...parameters, recent: "" };
      for await (const event of events(reply.body)) {
        last = event.id || last;
        hear(event.kind, event.data);
      }
    } catch (error) {
      if (signal.aborted) return;
      hear("lost", error);
      if (error instanceof Refused && error.status < 500 && error.status !== 429) return;
    }
    await new Promise((resolve) => setTimeout(resolve, 3000));
  }
}

async function* events(body) {
  const reader = body.pipeThrough(new TextDecoderStream()).getReader();
  let rest = "";
  for (;;) {
    const { value, done } = await reader.read();
    if (done) return;
    const parts = (rest + value).split("\n\n");
    rest = parts.pop();
    for (const part of parts) {
      const fields = Object.fromEntries(part.split("\n").map((line) => [line.slice(0, line.indexOf(":")), line.slice(line.indexOf(":") + 1).trim()]));
      if (fields.data) yield { kind: fields.event ?? "message", id: fields.id ?? "", data: JSON.parse(fields.data) };
    }
  }
}
