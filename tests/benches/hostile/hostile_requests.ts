/** Hostile requests of every kind. */

import { type Picture, sample } from "../../support/pictures.ts";
import { RawConnection } from "../../support/raw_http.ts";
import { claimingPictures, refusedPictures } from "./hostile_pictures.ts";

/** A kind of hostile request. */
export interface HostileKind {
  readonly name: string;
  /** Sends one request, and returns the status of the response, or what happened instead. */
  send(service: URL): Promise<string>;
}

const BODY_BYTES = 10 * 1024 * 1024;
/** Milliseconds between the bytes of a slow upload, and their number. */
const SLOW_PAUSE_MS = 500, SLOW_BYTES = 20;

/** Makes all kinds. */
export async function hostileKinds(): Promise<HostileKind[]> {
  const picture = await sample("user1.png");
  const pictures = [...await refusedPictures(), ...await claimingPictures()];
  const kinds: HostileKind[] = pictures.map(([name, body]) => post(name, "", body));
  kinds.push(
    json("JSON of nested arrays", "[".repeat(13_900_000)),
    json("JSON of nested objects", '{"a":'.repeat(2_700_000)),
    json("JSON of keys of digits and of words", keys((i) => i % 2 === 0 ? `${i}` : `k${i}`)),
    json("JSON of keys of digits", keys((i) => `${i * 7919}`)),
    json("JSON of a long text", `{"image_base64":"${"A".repeat(13_900_000)}"}`),
    form("form of 150,000 parts", "boundary=B", 150_000),
    form("form whose boundary is hidden", "xboundary=z; boundary=B", 150_000),
    form("form with a quoted boundary", 'boundary="\\B"', 150_000),
    form("form of one part without an end", "boundary=B", 1),
    post("unknown query parameter", "", picture, "?userid=user1"),
    post("200,000 characters of query", "", picture, `?${"a=1&".repeat(50_000)}`),
    post(
      "100 headers",
      Array.from({ length: 100 }, (_, i) => `X-${i}: ${i}\r\n`).join(""),
      picture,
    ),
    post("a bad Host", "Host: x:99999\r\n", picture),
    post("a body of 1 GB", "Content-Length: 1000000000\r\n", picture.slice(0, 1000)),
    chunked("chunks of 11 MB without a length", new Uint8Array(11 * 1024 * 1024)),
    chunked("150,000 chunks", new Uint8Array(150_000), 1),
    { name: "slow upload", send: slowUpload },
    { name: "hang-up after the request", send: (url) => hangUp(url, picture, picture.length) },
    { name: "hang-up during the body", send: (url) => hangUp(url, picture, 1000) },
  );
  return kinds;
}

function keys(keyOf: (i: number) => string): string {
  return `{${Array.from({ length: 700_000 }, (_, i) => `"${keyOf(i)}":1`).join(",")}}`;
}

const json = (name: string, text: string): HostileKind =>
  post(name, "Content-Type: application/json\r\n", new TextEncoder().encode(text));

function form(name: string, parameters: string, parts: number): HostileKind {
  const part = '--B\r\nContent-Disposition: form-data; name="a"\r\n\r\n\r\n';
  const body = `${part.repeat(parts)}--B--\r\n`;
  return post(
    name,
    `Content-Type: multipart/form-data; ${parameters}\r\n`,
    new TextEncoder().encode(body),
  );
}

function post(name: string, headers: string, body: Uint8Array, query = ""): HostileKind {
  const head = `POST /authenticate${query} HTTP/1.1\r\n` +
    (/^Host:/m.test(headers) ? "" : "Host: 127.0.0.1\r\n") +
    (/^(Content-Length|Transfer)/m.test(headers) ? "" : `Content-Length: ${body.length}\r\n`) +
    `${headers}\r\n`;
  return { name, send: (service) => exchange(service, head, body) };
}

function chunked(name: string, content: Uint8Array, size = content.length): HostileKind {
  const chunk = `${size.toString(16)}\r\n${"x".repeat(size)}\r\n`;
  const body = `${chunk.repeat(content.length / size)}0\r\n\r\n`;
  return post(name, "Transfer-Encoding: chunked\r\n", new TextEncoder().encode(body));
}

async function exchange(service: URL, head: string, body: Uint8Array): Promise<string> {
  using connection = await RawConnection.open(service);
  // Do not wait: the service can answer before it has read everything.
  const sent = connection.send(head, body).catch(() => {});
  const answer = await connection.answer();
  // The service may close the connection while the rest is being sent.
  if (answer === undefined) await sent;
  return answer === undefined ? "closed" : String(answer.status);
}

async function slowUpload(service: URL): Promise<string> {
  using connection = await RawConnection.open(service);
  await connection.send(head(BODY_BYTES));
  let answered = false;
  const answer = connection.answer().finally(() => answered = true);
  for (let i = 0; i < SLOW_BYTES && !answered; i++) {
    await connection.send(Uint8Array.of(0xff));
    await new Promise((resolve) => setTimeout(resolve, SLOW_PAUSE_MS));
  }
  await connection.end();
  return String((await answer)?.status ?? "closed");
}

async function hangUp(service: URL, picture: Picture, bytes: number): Promise<string> {
  using connection = await RawConnection.open(service);
  await connection.send(head(picture.length), picture.subarray(0, bytes));
  return "hung up";
}

const head = (bytes: number): string =>
  `POST /authenticate HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: ${bytes}\r\n\r\n`;
