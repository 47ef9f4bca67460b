// What clients do to an upload, by accident or on purpose.

import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import type { ProblemCode } from "../../shared/contract/problem.ts";
import { eventually } from "../support/eventually.ts";
import type { Picture } from "../support/pictures.ts";
import { assertProblem, Service } from "../support/service.ts";
import { RawConnection } from "../support/raw_http.ts";
import { assertRecognised, loadPhotos } from "./photos.ts";
import { limitOpenFiles, openFiles, residentBytes } from "../support/process_facts.ts";

const MB = 1e6;
const MAX_IMAGE_BYTES = 10 * 1024 * 1024;
const STALLED = 200;
const ABORTED = 200;

const head = (...headers: string[]): string =>
  ["POST /authenticate HTTP/1.1", "Host: face-it.test", ...headers, "", ""].join("\r\n");
const length = (bytes: number): string => `Content-Length: ${bytes}`;
const CHUNKED = "Transfer-Encoding: chunked";
const chunk = (content: string): string => `${content.length.toString(16)}\r\n${content}\r\n`;

Deno.test("an upload that is not what it says gets the documented answer, or an end", async () => {
  await using service = await Service.ready({ BODY_TIMEOUT_MS: "1000" });
  const [photo] = await loadPhotos();
  const picture = photo!.picture;
  const size = picture.byteLength;
  const form = (end: string) => [
    '--x\r\nContent-Disposition: form-data; name="image"; filename="a"\r\n\r\n',
    picture,
    end,
  ];
  const multipart = "Content-Type: multipart/form-data; boundary=x";
  const formSize = 67 + size;

  const whatHappens = async (...parts: (string | Picture)[]) => {
    using connection = await RawConnection.open(service.url);
    // The service may answer before it has read all.
    void connection.send(...parts);
    return await connection.answer();
  };
  /** An answer by Deno itself, to what is not HTTP; its status and its body, which is empty. */
  const notHttp = [400, ""];
  const cases: [
    string,
    ProblemCode | typeof notHttp | "refused or closed",
    (string | Picture)[],
  ][] = [
    ["a length too large", "request_timeout", [head(length(size + 1)), picture]],
    ["a length too small", "invalid_image", [head(length(size - 1000)), picture]],
    ["a length over the limit", "payload_too_large", [head(length(MAX_IMAGE_BYTES + 1))]],
    ["a length beyond all numbers", notHttp, [head(length(9)).replace("9", "9".repeat(30))]],
    ["a length below zero", notHttp, [head(length(-size)), picture]],
    ["two lengths", notHttp, [head(length(size), length(size - 1)), picture]],
    ["a length and chunks", notHttp, [head(length(size), CHUNKED), chunk("x")]],
    ["another transfer coding", notHttp, [head("Transfer-Encoding: gzip"), picture]],
    ["chunks without an end", "request_timeout", [head(CHUNKED), chunk("RIFF")]],
    ["a chunk that is longer than it says", "refused or closed", [
      head(CHUNKED),
      chunk("RIFF"),
      "2\r\nRIFF\r\n",
    ]],
    ["a chunk whose size is no number", "refused or closed", [
      head(CHUNKED),
      "zz\r\nabc\r\n0\r\n\r\n",
    ]],
    ["chunks over the limit", "payload_too_large", [
      head(CHUNKED),
      ...Array<string>(11).fill(chunk("x".repeat(1024 * 1024))),
    ]],
    ["half a form", "invalid_request", [head(multipart, length(formSize)), ...form("")]],
    ["a form that stops", "request_timeout", [head(multipart, length(formSize + 9)), ...form("")]],
    ["a form without its end", "invalid_request", [
      head(multipart, length(formSize + 4)),
      ...form("\r\n--"),
    ]],
  ];
  for (const [what, expected, parts] of cases) {
    const answer = await whatHappens(...parts);
    if (typeof expected !== "string") assertEquals([answer?.status, answer?.text], expected, what);
    else if (expected === "refused or closed") {
      if (answer !== undefined) assertProblem(answer, "invalid_request");
    } else {
      assert(answer !== undefined, `${what}: the connection ended without an answer`);
      assertProblem(answer, expected);
    }
  }
  // Drop by drop, and all the same not for longer than a body may take.
  using slow = await RawConnection.open(service.url);
  await slow.send(head(length(100)));
  const dripping = setInterval(() => void slow.send("x"), 200);
  const answer = await slow.answer();
  clearInterval(dripping);
  assertStringIncludes(assertProblem(answer!, "request_timeout"), "1000 ms");
  await service.untilFull();
});

Deno.test("however many uploads stall, others are served, and nothing of it stays", async () => {
  await using service = await Service.ready({ QUEUE_LIMIT: "8", BODY_TIMEOUT_MS: "8000" });
  await service.untilFull();
  const photos = await loadPhotos();
  const serveAll = async () => {
    for (const photo of photos) assertRecognised(await service.post(photo.picture), photo);
  };
  await serveAll();
  const filesBefore = await openFiles(service.pid);
  const bytesBefore = await residentBytes(service.pid);

  {
    await using connections = new AsyncDisposableStack();
    // Each says that it brings 10 MiB, which together is far more than QUEUE_BYTES.
    const stalled = await Promise.all(Array.from({ length: STALLED }, async () => {
      const connection = connections.use(await RawConnection.open(service.url));
      await connection.send(head(length(MAX_IMAGE_BYTES)), photos[0]!.picture.subarray(0, 1000));
      return connection;
    }));
    const answers = Promise.all(stalled.map((connection) => connection.answer()));
    let over = false;
    void answers.then(() => over = true, () => {});
    await serveAll();
    assert(!over, "They had not stalled any more");
    const grown = await residentBytes(service.pid) - bytesBefore;
    assert(grown < 100 * MB, `${STALLED} stalled uploads took ${grown / MB} MB`);
    for (const answer of await answers) assertProblem(answer!, "request_timeout");
  }
  await eventually(
    async () => await openFiles(service.pid) <= filesBefore + 5,
    "the connections are closed",
  );
  await serveAll();
  await service.untilFull();
});

Deno.test("uploads that are aborted or too large leave nothing behind", async () => {
  await using service = await Service.ready({ QUEUE_BYTES: String(4 * MAX_IMAGE_BYTES) });
  await service.untilFull();
  const photos = await loadPhotos();
  const large = new Uint8Array(MAX_IMAGE_BYTES);
  const abortSome = async (count: number) => {
    for (let i = 0; i < count; i++) {
      using connection = await RawConnection.open(service.url);
      // Half of them chunked, so that their size is not known before.
      if (i % 2 === 0) await connection.send(head(length(large.byteLength)), large.subarray(1));
      else await connection.send(head(CHUNKED), "900000\r\n", large.subarray(0, 0x900000));
    }
  };
  const gone = () => service.log.filter(({ outcome }) => outcome === "client_gone").length;
  await abortSome(8);
  await eventually(() => gone() === 8, "the first are gone");
  const filesBefore = await openFiles(service.pid);
  const bytesBefore = await residentBytes(service.pid);
  await abortSome(ABORTED);
  await eventually(() => gone() === 8 + ABORTED, "all are gone");
  const grown = await residentBytes(service.pid) - bytesBefore;
  // They have brought two gigabytes.
  assert(grown < 200 * MB, `It grew by ${grown / MB} MB`);
  await eventually(
    async () => await openFiles(service.pid) <= filesBefore + 5,
    "the connections are closed",
  );
  for (const photo of photos) assertRecognised(await service.post(photo.picture), photo);
  const outcomes = (await service.get("/metrics")).text;
  assertStringIncludes(outcomes, `{outcome="client_gone"} ${8 + ABORTED}`);
  await service.untilFull();
});

Deno.test("at the limit of open files the service closes its connections, and goes on", async () => {
  await using service = await Service.ready({ POOL_SIZE: "1" });
  await service.untilFull(1);
  const files = await openFiles(service.pid);
  await limitOpenFiles(service.pid, files + 30);
  await using connections = new AsyncDisposableStack();
  const isListeningAgain = () =>
    service.log.some(({ msg }) =>
      msg === "accept failed; closing all connections and listening again"
    );
  const idle: RawConnection[] = [];
  while (!isListeningAgain()) {
    assert(idle.length < 1000, "The limit was not reached");
    // Headers that do not end are what a server without a deadline for them waits for.
    const connection = await RawConnection.open(service.url).catch(() => undefined);
    if (connection === undefined) continue;
    idle.push(connections.use(connection));
    await connection.send("GET /health HTTP/1.1\r\nHost:");
  }
  // The last of them may have come after that.
  for (const connection of idle.slice(0, 20)) assertEquals(await connection.answer(), undefined);
  await limitOpenFiles(service.pid, 1024);
  await service.untilReady();
  const [photo] = await loadPhotos();
  assertRecognised(await service.post(photo!.picture), photo!);
});
