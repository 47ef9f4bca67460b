// Sends incomplete and wrong uploads, as a broken or a hostile client does.

import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import type { ProblemCode } from "../../shared/contract/problem.ts";
import { eventually } from "../support/eventually.ts";
import { needs } from "../support/needs.ts";
import type { Picture } from "../support/pictures.ts";
import { assertProblem } from "../support/assert_problem.ts";
import { Service } from "../support/service.ts";
import { RawConnection } from "../support/raw_http.ts";
import { assertRecognised, loadLabelledPictures } from "./labelled_pictures.ts";
import { limitOpenFiles, openFiles, residentBytes } from "../support/process_facts.ts";

const MB = 1e6;
const MAX_IMAGE_BYTES = 10 * 1024 * 1024;
const STALLED = 200;
const ABORTED = 200;

const head = (...headers: string[]): string =>
  ["POST /authenticate HTTP/1.1", "Host: localhost", ...headers, "", ""].join("\r\n");
const length = (bytes: number): string => `Content-Length: ${bytes}`;
const CHUNKED = "Transfer-Encoding: chunked";
const chunk = (content: string): string => `${content.length.toString(16)}\r\n${content}\r\n`;

Deno.test("an upload that contradicts its headers is refused, or its connection is closed", async () => {
  await using service = await Service.ready({ BODY_TIMEOUT_MS: "1000" });
  const [labelled] = await loadLabelledPictures();
  const picture = labelled!.picture;
  const size = picture.byteLength;
  const form = (end: string) => [
    '--x\r\nContent-Disposition: form-data; name="image"; filename="a"\r\n\r\n',
    picture,
    end,
  ];
  const multipart = "Content-Type: multipart/form-data; boundary=x";
  const formSize = 67 + size;

  const upload = async (...parts: (string | Picture)[]) => {
    using connection = await RawConnection.open(service.url);
    // Do not wait: the service can answer before it has read everything.
    void connection.send(...parts);
    return await connection.answer();
  };
  /** Status and body of the response that Deno itself sends to anything that is not HTTP. */
  const notHttp = [400, ""];
  const cases: [
    string,
    ProblemCode | typeof notHttp | "refused or closed",
    (string | Picture)[],
  ][] = [
    ["a length too large", "request_timeout", [head(length(size + 1)), picture]],
    ["a length too small", "invalid_image", [head(length(size - 1000)), picture]],
    ["a length over the limit", "payload_too_large", [head(length(MAX_IMAGE_BYTES + 1))]],
    ["a length with too many digits", notHttp, [head(length(9)).replace("9", "9".repeat(30))]],
    ["a length below zero", notHttp, [head(length(-size)), picture]],
    ["two lengths", notHttp, [head(length(size), length(size - 1)), picture]],
    ["a length and chunks", notHttp, [head(length(size), CHUNKED), chunk("x")]],
    ["another transfer coding", notHttp, [head("Transfer-Encoding: gzip"), picture]],
    ["chunks without an end", "request_timeout", [head(CHUNKED), chunk("RIFF")]],
    ["a chunk that is longer than its size", "refused or closed", [
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
    const answer = await upload(...parts);
    if (typeof expected !== "string") assertEquals([answer?.status, answer?.text], expected, what);
    else if (expected === "refused or closed") {
      if (answer !== undefined) assertProblem(answer, "invalid_request");
    } else {
      assert(answer !== undefined, `${what}: the connection ended without a response`);
      assertProblem(answer, expected);
    }
  }
  // A body that arrives byte by byte gets no more time than another body.
  using slow = await RawConnection.open(service.url);
  await slow.send(head(length(100)));
  const dripping = setInterval(() => void slow.send("x"), 200);
  const answer = await slow.answer();
  clearInterval(dripping);
  assertStringIncludes(assertProblem(answer!, "request_timeout"), "1000 ms");
  await service.untilFull();
});

needs("linux")(
  "stalled uploads do not stop other requests, and leave no memory or connection in use",
  async () => {
    await using service = await Service.ready({ QUEUE_LIMIT: "8", BODY_TIMEOUT_MS: "8000" });
    await service.untilFull();
    const pictures = await loadLabelledPictures();
    const serveAll = async () => {
      for (const labelled of pictures) {
        assertRecognised(await service.post(labelled.picture), labelled);
      }
    };
    await serveAll();
    const filesBefore = await openFiles(service.pid);
    const bytesBefore = await residentBytes(service.pid);

    {
      await using connections = new AsyncDisposableStack();
      // Each upload announces 10 MiB. Together, they announce far more than QUEUE_BYTES.
      const stalled = await Promise.all(Array.from({ length: STALLED }, async () => {
        const connection = connections.use(await RawConnection.open(service.url));
        await connection.send(
          head(length(MAX_IMAGE_BYTES)),
          pictures[0]!.picture.subarray(0, 1000),
        );
        return connection;
      }));
      const answers = Promise.all(stalled.map((connection) => connection.answer()));
      let over = false;
      void answers.then(() => over = true, () => {});
      await serveAll();
      assert(!over, "The stalled uploads ended too early");
      const grown = await residentBytes(service.pid) - bytesBefore;
      assert(grown < 100 * MB, `${STALLED} stalled uploads use ${grown / MB} MB`);
      for (const answer of await answers) assertProblem(answer!, "request_timeout");
    }
    await eventually(
      async () => await openFiles(service.pid) <= filesBefore + 5,
      "the connections are closed",
    );
    await serveAll();
    await service.untilFull();
  },
);

needs("linux")("aborted uploads leave no memory, connection or worker in use", async () => {
  await using service = await Service.ready({ QUEUE_BYTES: String(4 * MAX_IMAGE_BYTES) });
  await service.untilFull();
  const pictures = await loadLabelledPictures();
  const large = new Uint8Array(MAX_IMAGE_BYTES);
  const abortSome = async (count: number) => {
    for (let i = 0; i < count; i++) {
      using connection = await RawConnection.open(service.url);
      // Half of the uploads are chunked, so that the service does not know their size.
      if (i % 2 === 0) await connection.send(head(length(large.byteLength)), large.subarray(1));
      else await connection.send(head(CHUNKED), "900000\r\n", large.subarray(0, 0x900000));
    }
  };
  const countGone = () => service.log.filter(({ outcome }) => outcome === "client_gone").length;
  await abortSome(8);
  await eventually(() => countGone() === 8, "the service has noticed the first aborted uploads");
  const filesBefore = await openFiles(service.pid);
  const bytesBefore = await residentBytes(service.pid);
  await abortSome(ABORTED);
  await eventually(
    () => countGone() === 8 + ABORTED,
    "the service has noticed all aborted uploads",
  );
  const grown = await residentBytes(service.pid) - bytesBefore;
  // All uploads together had two gigabytes.
  assert(grown < 200 * MB, `The service grew by ${grown / MB} MB`);
  await eventually(
    async () => await openFiles(service.pid) <= filesBefore + 5,
    "the connections are closed",
  );
  for (const labelled of pictures) assertRecognised(await service.post(labelled.picture), labelled);
  const outcomes = (await service.get("/metrics")).text;
  assertStringIncludes(outcomes, `{outcome="client_gone"} ${8 + ABORTED}`);
  await service.untilFull();
});

needs("linux")(
  "at the limit of open files, the service closes its connections and keeps running",
  async () => {
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
      // The headers do not end, and the server has no deadline for them.
      const connection = await RawConnection.open(service.url).catch(() => undefined);
      if (connection === undefined) continue;
      idle.push(connections.use(connection));
      await connection.send("GET /health HTTP/1.1\r\nHost:");
    }
    // The service may have accepted the last connections after it began to listen again, so check
    // only the first 20.
    for (const connection of idle.slice(0, 20)) assertEquals(await connection.answer(), undefined);
    await limitOpenFiles(service.pid, 1024);
    await service.untilReady();
    const [labelled] = await loadLabelledPictures();
    assertRecognised(await service.post(labelled!.picture), labelled!);
  },
);
