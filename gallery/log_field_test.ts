import { assertEquals } from "@std/assert";
import fc from "fast-check";
import { readLogField, UNREADABLE } from "./log_field.ts";

const NAME = "gallery_deletion";
const VALUE = { store: "0123456789abcdef", mark: "x" };
const OWN = { level: "info", time: "2026-01-02T03:04:05.678Z", service: "gallery" };
const LINE = JSON.stringify({ ...OWN, [NAME]: VALUE, msg: "deletion" });

const read = (line: unknown) =>
  readLogField(typeof line === "string" ? line : JSON.stringify(line), NAME);

Deno.test("a field of a line is read, also inside what a collector puts around the line", () => {
  for (
    const line of [
      LINE,
      `${LINE}\r`,
      `2026-01-02T03:04:05.678901234Z stderr F ${LINE}`,
      `[pod/face-it-gallery-0/gallery] ${LINE}`,
      `INFO: deletion {"${NAME}":${JSON.stringify(VALUE)}}`,
      { log: `${LINE}\n`, stream: "stderr", time: "2026-01-02T03:04:05.678Z" },
      { log: `${LINE}\n`, kubernetes: { labels: { app: "x" } } },
      { time: OWN.time, service: "gallery", level: "info", msg: LINE },
      { log: JSON.parse(LINE), stream: "stderr" },
      { streams: [{ values: [["1", LINE]] }] },
      [LINE],
      { message: JSON.stringify({ log: LINE }) },
      { ...JSON.parse(LINE), [NAME]: JSON.stringify(VALUE) },
      { ...JSON.parse(LINE), kubernetes: { pod: "x" } },
      { service: "gallery", msg: "deletion", attributes: { [NAME]: VALUE } },
      { service: "gallery", msg: "deletion", log: LINE },
      { request_id: "a", method: "POST", path: "/in", body: LINE },
    ]
  ) assertEquals(read(line), [VALUE], JSON.stringify(line));
  assertEquals(read([LINE, LINE]), [VALUE, VALUE]);
});

Deno.test("a field in a form that cannot be read is noticed", () => {
  for (
    const line of [
      LINE.slice(0, -5),
      LINE.slice(0, LINE.indexOf(NAME) + NAME.length),
      { log: LINE.slice(0, -5), stream: "stderr" },
      `level=info service=gallery ${NAME}="store=0123456789abcdef mark=x" msg=deletion`,
      `level=info msg="${LINE.replaceAll('"', '\\"')}"`,
      { ...OWN, [`${NAME}.store`]: VALUE.store, msg: "deletion" },
      { ...OWN, labels: { [`${NAME}_store`]: VALUE.store }, message: "deletion" },
      { ...JSON.parse(LINE), [NAME]: "map[store:0123456789abcdef]" },
      { service: "gallery", msg: "deletion", fields: [{ key: NAME, value: VALUE }] },
      Array.from({ length: 20 }).reduce((inner) => ({ inner }), JSON.parse(LINE)),
    ]
  ) assertEquals(read(line), [UNREADABLE], JSON.stringify(line));
});

Deno.test("no text of a client is a field, and none is taken for one that cannot be read", () => {
  const texts = [
    NAME,
    `"${NAME}":`,
    `{"${NAME}":{}}`,
    JSON.stringify({ [NAME]: VALUE }),
    LINE,
    `{"${NAME}`,
    `[["${NAME}"`,
  ];
  const anyText = fc.oneof(
    fc.constantFrom(...texts),
    fc.tuple(fc.string(), fc.constantFrom(...texts), fc.string()).map((parts) => parts.join("")),
  );
  fc.assert(fc.property(anyText, anyText, (request_id, path) => {
    const own = { ...OWN, request_id, method: "GET", path, code: "unauthorized", msg: "request" };
    const line = JSON.stringify(own);
    const { level: _l, time: _t, ...withoutTime } = own;
    const { service: _s, msg: _m, ...readable } = withoutTime;
    for (
      const collected of [
        line,
        `stderr F ${line}`,
        JSON.stringify({ log: `${line}\n` }),
        [own],
        withoutTime,
        `INFO: request ${JSON.stringify(readable)}`,
        { msg: line, service: "x" },
      ]
    ) assertEquals(read(collected), [], JSON.stringify(collected));
  }));
  // Lines of a proxy in the same log.
  const request = `GET /?${NAME}=1&a="${NAME}" HTTP/1.1`;
  assertEquals(read(`127.0.0.1 - - "GET /?${NAME}=1 HTTP/1.1" 404`), []);
  assertEquals(read({ request: request.slice(0, -1), request_uri: `/?${NAME}=1` }), []);
  // An error of the service, where a collector has renamed the message.
  const failed = { ...OWN, request_id: NAME, error: `Error: "${NAME}": x`, stack: [`"${NAME}":`] };
  assertEquals(read({ ...failed, message: "request" }), []);
  // A line that was cut off, with an id that a client can choose.
  const own = JSON.stringify({ ...OWN, request_id: NAME, method: "GET", msg: "request" });
  assertEquals(read(own.slice(0, -5)), []);
});
