/** Makes odd requests. The api must answer each of them as documented. */

import fc from "fast-check";
import { png } from "../support/png.ts";

/** A picture of one pixel, one character for each byte. */
const PNG = String.fromCharCode(...png({ width: 1, height: 1 }, [[255, 0, 0]]));
const PATHS = [
  "/authenticate",
  "/health",
  "/ready",
  "/metrics",
  "/models",
  "/openapi.json",
  "/docs",
  "/page/page.js",
];
const METHODS = ["POST", "GET", "HEAD", "PUT", "PATCH", "DELETE", "OPTIONS", "post", "PROPFIND"];
const TYPES = [
  "application/json",
  "application/json; charset=utf-16",
  "APPLICATION/JSON;x",
  "multipart/form-data; boundary=b",
  'multipart/form-data; boundary="b"; boundary=c',
  "multipart/form-data",
  "multipart/form-data; boundary=",
  "multipart/form-data; xboundary=z; boundary=b",
  'multipart/form-data; x="; boundary=z"; boundary=b',
  'multipart/form-data; boundary="\\b"',
  "multipart/form-data; boundary*=utf-8''b",
  "multipart/form-data; boundary=b; boundary=b",
  "MULTIPART/FORM-DATA;BOUNDARY=b",
  "multipart/mixed; boundary=b",
  "application/x-www-form-urlencoded",
  "text/json",
  "x".repeat(2000),
  "image/png",
  "text/plain",
  ";",
];

/** Encodes each character as one byte. */
const latin1 = (text: string): Uint8Array<ArrayBuffer> =>
  Uint8Array.from(text, (character) => character.charCodeAt(0));

const anything = fc.string({ unit: "binary", maxLength: 40 });
const oddText = fc.oneof(
  anything,
  fc.constantFrom("", "\0", "user1", "\u{1f600}", "\ud800", "x".repeat(257), "../..", "%00", "%"),
);

/** Removes or replaces random pieces of a text. */
const mutated = (text: string): fc.Arbitrary<string> =>
  fc.array(fc.tuple(fc.nat(text.length), fc.nat(12), fc.oneof(fc.constant(""), anything)), {
    maxLength: 4,
  }).map((edits) =>
    edits.reduce((left, [at, size, put]) => left.slice(0, at) + put + left.slice(at + size), text)
  );

const json = fc.oneof(
  fc.record({
    image_base64: fc.oneof(
      fc.constantFrom(btoa(PNG), "data:image/png;base64," + btoa(PNG), btoa("GIF89a")),
      oddText,
      fc.jsonValue(),
    ),
    user_id: fc.oneof(oddText, fc.jsonValue()),
    client_ref: fc.oneof(oddText, fc.jsonValue()),
    other: fc.jsonValue(),
  }, { requiredKeys: [] }).map((value) => JSON.stringify(value)),
  mutated(JSON.stringify({ image_base64: btoa(PNG), user_id: "user1" })),
  mutated('{"image_base64":"iVBORw0KGgo\\u003d","user_id":"a","user_id":"a"}'),
  fc.constantFrom(...[
    '\ufeff{"image_base64":"iVBORw0KGgo="}',
    '{"image_base64":"data:;charset=x;base64,iVBORw0KGgo"}',
    '{"image_base64":"iVBORw0KGgo","__proto__":"user1"}',
    '{"image_base64":"iVBORw0KGgo","userId":"user1"}',
    `{"image_base64":"${"\\/".repeat(5000)}"}`,
    `{${'"1":0,"a":0,'.repeat(1000)}"1":0}`,
    `{"image_base64":${'{"a":'.repeat(3000)}`,
    " ".repeat(10_000) + "{}",
  ]),
  fc.json(),
  fc.nat(20_000).map((depth) => "[".repeat(depth) + "]".repeat(depth)),
);

const part = fc.tuple(
  fc.constantFrom("image", "user_id", "user_id", "image", "client_ref", "userid", "__proto__", ""),
  fc.constantFrom(...[
    ...["", '; filename="a.png"', "; filename=", "; filename*=UTF-8''%ff", '; filename="a\\"'],
    ...['; name="user_id"', "; name*=x", ' ; FileName="\xff"', "\r\nContent-Type: image/png"],
    ...['; filename="a"\r\nContent-Transfer-Encoding: base64', "\r\n folded: x", "\r\nX: \0"],
  ]),
  fc.oneof(fc.constantFrom(PNG, "user1", ""), anything),
).map(([name, file, content]) =>
  `--b\r\nContent-Disposition: form-data; name="${name}"${file}\r\n\r\n${content}\r\n`
);

const multipart = fc.array(part, { maxLength: 12 })
  .map((parts) => parts.join("") + "--b--\r\n")
  .chain((form) => fc.oneof(fc.constant(form), mutated(form)));

/** A body with its content type. */
const content = fc.oneof(
  json.map((text) => ["application/json", new TextEncoder().encode(text)] as const),
  multipart.map((text) => ["multipart/form-data; boundary=b", latin1(text)] as const),
  mutated(PNG).map((text) => ["image/png", latin1(text)] as const),
  fc.tuple(
    fc.constantFrom("", "image/png", "application/x-www-form-urlencoded", "text/plain"),
    fc.constantFrom(...[
      ...["\0\0\0\x18ftypheic", "GIF89a", "%PDF-", "<svg/>", '{"image_base64":"iVBORw0KGgo"}'],
      ...["data:image/png;base64,iVBORw0KGgo", "iVBORw0KGgo", "/9j/", "image=x&user_id=user1"],
      ...["--b\r\nContent-Disposition: form-data", "\x89PNG\n\x1a\n", "\x1f\x8b", "https://x/"],
    ]),
  ).map(([type, text]) => [type, latin1(text)] as const),
  fc.uint8Array({ maxLength: 3000 }).map((bytes) => ["", Uint8Array.from(bytes)] as const),
);

const headerValue = fc.string({ maxLength: 80 }).map((text) =>
  text.replaceAll(/[^\x21-\x7e]/g, "")
);
const headers = fc.record({
  "Content-Type": fc.oneof(fc.constantFrom(...TYPES), headerValue),
  "Content-Length": fc.constantFrom("0", "-1", "12", "99999999999999999999", "1e9", "x"),
  "X-Request-Id": fc.oneof(
    fc.constantFrom("mine", "a".repeat(64), "a".repeat(65), ""),
    headerValue,
  ),
  "Authorization": headerValue,
  "Accept": headerValue,
  "Content-Encoding": fc.constantFrom("gzip", "identity", "x"),
  "Range": fc.constantFrom("bytes=0-1", "x"),
}, { requiredKeys: [] });

/** Names that a client could mean as user_id. The service must never ignore one. */
const NEAR_USER_ID = [
  ...["userid", "userId", "User_id", "user", "user_id[]", "user_id%5B%5D", "user-id", "user_id+"],
  ...["user%5Fid", "%75ser_id", "user_id%00", "", "__proto__", "%", "x", "%EF%BB%BFuser_id"],
];
/** Origin that the fuzzed api allows. */
export const ALLOWED_ORIGIN = "https://app.test";
const HOSTS = [
  "api.test",
  "API.test.:80",
  "evil.test",
  "127.0.0.1:80",
  "[::1]",
  "[",
  "a b",
  "u@api.test",
];
const ORIGINS = [
  "http://api.test",
  ALLOWED_ORIGIN,
  "https://evil.test",
  "http://evil.test",
  "http://localhost:3000",
  "null",
  "*",
  "",
  "http://[",
];

/** Headers that say to whom a request goes and from which page it comes. Most requests have none. */
const callerHeaders = fc.oneof(
  { weight: 3, arbitrary: fc.constant({}) },
  {
    weight: 1,
    arbitrary: fc.record({
      "Host": fc.oneof(fc.constantFrom(...HOSTS), headerValue),
      "Origin": fc.oneof(fc.constantFrom(...ORIGINS), headerValue),
      "Sec-Fetch-Site": fc.constantFrom("same-origin", "same-site", "cross-site", "none", "", "x"),
      "Access-Control-Request-Method": fc.constantFrom("POST", "x"),
      "Access-Control-Request-Private-Network": fc.constantFrom("true", "x"),
    }, { requiredKeys: [] }),
  },
);

const encoded = oddText.map((text) => encodeURIComponent(text.toWellFormed()));
const query = fc.array(
  fc.tuple(
    fc.oneof(
      { weight: 4, arbitrary: fc.constant("user_id") },
      { weight: 1, arbitrary: fc.constant("client_ref") },
      { weight: 1, arbitrary: fc.constantFrom(...NEAR_USER_ID) },
    ),
    fc.oneof(encoded, fc.constantFrom("user1", "%ff", "%", "+", "a=b", "x".repeat(5000))),
  ),
  { maxLength: 2 },
).map((pairs) => pairs.map(([name, value]) => `${name}=${value}`).join("&"));

/** A request that `new Request` accepts. Its values may be odd, but all characters are valid. */
export interface OddRequest {
  readonly path: string;
  readonly method: string;
  readonly headers: Partial<Record<string, string>>;
  readonly body: Uint8Array<ArrayBuffer>;
}

/** Requests in which any part may be odd. Most of them are POST /authenticate. */
export const oddRequest: fc.Arbitrary<OddRequest> = fc.record({
  path: fc.tuple(
    fc.oneof(
      { weight: 8, arbitrary: fc.constant("/authenticate") },
      { weight: 1, arbitrary: fc.constantFrom(...PATHS) },
      { weight: 1, arbitrary: encoded.map((text) => `/${text}`) },
    ),
    query,
  ).map(([path, query]) => query === "" ? path : `${path}?${query}`),
  method: fc.oneof(
    { weight: 8, arbitrary: fc.constant("POST") },
    { weight: 1, arbitrary: fc.constantFrom(...METHODS) },
  ),
  headers,
  callerHeaders,
  content,
}).map(({ content: [type, body], headers, callerHeaders, ...rest }) => ({
  ...rest,
  headers: { "Content-Type": type, ...headers, ...callerHeaders },
  body,
}));

const line = fc.constantFrom(
  "Host: face-it.test",
  "Host: a b",
  "Host: [",
  "Host: a/b?c",
  "Host: face-it.test:99999",
  "Host:",
  "Content-Length: 5",
  "Content-Length: -5",
  "Content-Length: 5, 5",
  "Transfer-Encoding: chunked",
  "Transfer-Encoding: chunked, chunked",
  "Transfer-Encoding: identity",
  "Connection: close",
  "Connection: upgrade",
  "Upgrade: websocket",
  "Upgrade: h2c",
  "Expect: 100-continue",
  "Expect: x",
  "Content-Encoding: gzip",
  "Transfer-Encoding: gzip, chunked",
  "Content-Type: " + "; ".repeat(1000),
  "Content-Type: application/json",
  "Content-Type: multipart/form-data; boundary=b",
  "X-Request-Id: mine",
  "X-Long: " + "x".repeat(5000),
  " folded",
  ": nameless",
  "no colon",
  "Bad Name: x",
  "X-Nul: \0",
  "X-High: \xff",
);
const requestLine = fc.tuple(
  fc.constantFrom("POST", "GET", "TRACE", "CONNECT", "PRI", "get", "", "P\0ST", "X".repeat(300)),
  fc.constantFrom(
    "/authenticate",
    "/authenticate?user_id=%ff&user_id=%",
    "/authenticate?user_id=user1#x",
    "/authenticate#user_id=user1",
    "http://elsewhere.test?userid=user1",
    "/health?x",
    "/health?" + "&".repeat(9000),
    "/health",
    "http://elsewhere.test/health",
    "//[/authenticate",
    "*",
    "",
    "/%",
    "/\xff",
    "/" + "a".repeat(9000),
  ),
  fc.constantFrom("HTTP/1.1", "HTTP/1.0", "HTTP/0.9", "HTTP/2.0", "HTTP/9.9", "http/1.1", ""),
).map((words) => words.join(" "));

/** Bytes that start like an HTTP/1 request. */
export const oddBytes: fc.Arbitrary<Uint8Array<ArrayBuffer>> = fc.tuple(
  fc.oneof(
    { weight: 2, arbitrary: fc.constant("POST /authenticate HTTP/1.1") },
    { weight: 1, arbitrary: requestLine },
  ),
  fc.array(line, { maxLength: 8 }),
  fc.constantFrom("\r\n", "\r\n", "\r\n", "\n", "\r"),
  fc.constantFrom("", "hello", "5\r\nhello\r\n0\r\n\r\n", "zz\r\n", PNG),
).map(([first, lines, end, body]) => [first, ...lines, "", body].join(end))
  .chain((text) => fc.oneof(fc.constant(text), mutated(text)))
  .map(latin1);
