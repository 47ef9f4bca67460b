/**
 * Reads fields of the service's own log lines from a collected log. A client chooses texts in these lines, such
 * as the `X-Request-Id`, so the name of a field inside a text of a line means nothing.
 */

/** Collectors put nothing deeper around a line. */
const MAX_DEPTH = 10;

/** Fields of the service's lines about requests in which a text of a client can stand. */
const OF_CLIENTS = new Set(["request_id", "path", "error", "cause", "stack"]);

/** A value that is there and cannot be read. */
export const UNREADABLE = Symbol("unreadable");

/**
 * Returns the values of a field of the lines of the service in a line of a collected log. A collector may have
 * written a text before the line of the service, or put it into JSON of its own, as an object or as
 * a text. When the field seems to be there in another form, one of the values is {@linkcode UNREADABLE}.
 */
export function readLogField(line: string, name: string): unknown[] {
  return line.includes(name) ? fromText(line, name, 0) : [];
}

function fromText(text: string, name: string, depth: number): unknown[] {
  const json = parseObject(text);
  if (json !== undefined) return fromJson(json, name, depth);
  // The name of a field stands before its value, or where the line was cut off.
  const field = new RegExp(`(?:^|[\\s"'{,])${name}\\W{0,8}[:=]|["']${name}\\W{0,3}$`);
  // A collector that makes a list of keys and values has the bare name.
  return text === name || field.test(text) ? [UNREADABLE] : [];
}

function fromJson(json: object, name: string, depth: number): unknown[] {
  if (Object.hasOwn(json, name)) return [valueOf((json as Record<string, unknown>)[name])];
  // For example a collector that makes one field of `name.time`.
  if (Object.keys(json).some((key) => key.includes(name))) return [UNREADABLE];
  if (depth === MAX_DEPTH) return JSON.stringify(json).includes(name) ? [UNREADABLE] : [];
  const isRequest = "request_id" in json && typeof json.request_id === "string";
  return Object.entries(json).flatMap(([key, value]: [string, unknown]) => {
    if (isRequest && OF_CLIENTS.has(key)) return [];
    if (typeof value === "string") {
      return value.includes(name) ? fromText(value, name, depth + 1) : [];
    }
    return typeof value === "object" && value !== null ? fromJson(value, name, depth + 1) : [];
  });
}

/** Some collectors make a text of an object. */
const valueOf = (value: unknown): unknown =>
  typeof value === "string" ? parseObject(value) ?? UNREADABLE : value;

/** Parses the JSON that begins with the first brace or bracket of a text, if it is JSON to its end. */
function parseObject(text: string): object | undefined {
  const start = text.search(/[{[]/);
  for (const from of new Set([start, text.indexOf("{")])) {
    if (from < 0) continue;
    try {
      return JSON.parse(text.slice(from));
    } catch {
      // The text before the line can have a bracket, too.
    }
  }
  return undefined;
}
