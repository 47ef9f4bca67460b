// Every error of the contract over HTTP, but "internal": no request brings that about on purpose,
// so api/app_test.ts has it.

import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import sharp from "sharp";
import { REQUEST_ID_HEADER } from "../../shared/contract/contract.ts";
import type { ProblemCode } from "../../shared/contract/problem.ts";
import { eventually } from "../support/eventually.ts";
import { RawConnection } from "../support/raw_http.ts";
import { encoded, farAway, gray, type Picture, sample, sideBySide } from "../support/pictures.ts";
import { type Answer, assertProblem, Service } from "../support/service.ts";

const JSON_TYPE = "application/json";

Deno.test("a malformed request is refused as such, with a sentence that says why", async () => {
  await using service = await Service.ready();
  await service.untilFull();
  const picture = await sample("user1.png");
  const image_base64 = picture.toBase64();
  const json = (value: unknown) => service.post(JSON.stringify(value), { contentType: JSON_TYPE });
  const form = (...parts: readonly [string, string | Picture][]) => service.post(formOf(parts));

  const cases: [Answer, string][] = [
    [await service.post("{", { contentType: JSON_TYPE }), "not valid JSON"],
    [await service.post(picture, { contentType: JSON_TYPE }), "not valid JSON"],
    [await json([]), "does not match the API"],
    [await json({}), "image_base64"],
    [await json({ image_base64: 1 }), "image_base64"],
    [await json({ image_base64: "" }), "image_base64"],
    [await json({ image_base64, picture: "x" }), "does not match the API"],
    [await json({ image_base64, user_id: 1 }), "user_id"],
    [await json({ image_base64: "§" }), "not valid base64"],
    [await json({ image_base64: image_base64.slice(1) }), "not valid base64"],
    [await service.post(""), "empty"],
    [await service.post("x", { contentType: "multipart/form-data" }), "multipart"],
    [await form(), 'one part "image"'],
    [await form(["user_id", "user1"]), 'one part "image"'],
    [await form(["image", image_base64]), 'one part "image"'],
    [await form(["image", picture], ["image", picture]), 'one part "image"'],
    [await form(["image", picture], ["image_base64", image_base64]), "other than"],
    [await form(["image", picture], ["user_id", picture]), "user_id"],
    [await service.post(picture, { query: { user_id: "" } }), "user_id"],
    [await service.post(picture, { query: { user_id: "x".repeat(257) } }), "user_id"],
    [
      await service.post(JSON.stringify({ image_base64, user_id: "user1" }), {
        contentType: JSON_TYPE,
        query: { user_id: "user2" },
      }),
      "more than once",
    ],
  ];
  for (const [answer, why] of cases) {
    assertStringIncludes(assertProblem(answer, "invalid_request"), why);
  }
  // None of these has cost a worker.
  assertEquals(await service.metric("face_it_pool_free"), 2);
  await service.untilFull();
});

Deno.test("a picture that breaks off, or is damaged, is no picture", async () => {
  await using service = await Service.ready();
  const png = await sample("user1.png");
  const jpeg = await encoded(sharp(png).jpeg());
  const webp = await encoded(sharp(png).webp());
  const damaged = png.slice();
  damaged.fill(0, 20_000, 20_400);
  for (const picture of [half(png), half(jpeg), half(webp), damaged, png.slice(0, 12)]) {
    assertProblem(await service.post(picture), "invalid_image");
    await service.untilFull();
  }
});

Deno.test("a picture of more bytes than the limit is refused, however they arrive", async () => {
  await using service = await Service.ready();
  const tooMany = 10 * 1024 * 1024 + 1;
  // The headers alone are enough: not a byte of the body follows.
  const declared = await send(service, `Content-Length: ${tooMany}\r\n\r\n`);
  assertStringIncludes(assertProblem(declared, "payload_too_large"), String(tooMany - 1));

  const chunk = `${tooMany.toString(16)}\r\n${"x".repeat(tooMany)}\r\n`;
  const chunked = await send(service, `Transfer-Encoding: chunked\r\n\r\n${chunk}`);
  assertProblem(chunked, "payload_too_large");

  // JSON may be longer than the picture in it.
  const json = `{"image_base64": "${new Uint8Array(tooMany).toBase64()}"}`;
  assertProblem(await service.post(json, { contentType: JSON_TYPE }), "payload_too_large");
  await service.untilFull();
});

Deno.test("a picture of more pixels than the limit is refused before they are decoded", async () => {
  await using service = await Service.ready();
  const detail = assertProblem(await service.post(await gray(8000, 6400)), "payload_too_large");
  assertStringIncludes(detail, "50000000 pixels");
  await service.untilFull();
});

Deno.test("the limits are those of the environment", async () => {
  const picture = await sample("user1.png");
  await using service = await Service.ready({
    MAX_IMAGE_BYTES: String(picture.byteLength),
    MAX_IMAGE_PIXELS: String(520 * 520),
  });
  assertEquals((await service.post(picture)).status, 200);
  assertProblem(await service.post(new Uint8Array([...picture, 0])), "payload_too_large");
  assertProblem(await service.post(await gray(521, 520)), "payload_too_large");
  await service.untilFull();
});

Deno.test("only JPEG, PNG and WebP are looked at, whatever they are called", async () => {
  await using service = await Service.ready();
  await service.untilFull();
  const picture = sharp(await sample("user1.png"));
  const others: Record<string, Picture> = {
    svg: text('<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"/>'),
    gif: await encoded(picture.clone().gif()),
    tiff: await encoded(picture.clone().tiff()),
    avif: await encoded(picture.clone().resize(64).avif()),
    heif: text("\0\0\0\x18ftypheic\0\0\0\0mif1heic"),
    pdf: text("%PDF-1.7\n1 0 obj <</Type /Catalog>> endobj"),
    prose: text("This is no picture at all"),
  };
  for (const [name, bytes] of Object.entries(others)) {
    const inJson = JSON.stringify({ image_base64: bytes.toBase64() });
    const answers = [
      await service.post(bytes),
      await service.post(bytes, { contentType: "image/png" }),
      await service.post(inJson, { contentType: JSON_TYPE }),
      await service.post(formOf([["image", bytes]])),
    ];
    for (const answer of answers) {
      assertMatch(assertProblem(answer, "unsupported_media_type"), /JPEG, PNG or WebP/, name);
    }
  }
  // The api looks before it claims a worker.
  assertEquals(await service.metric("face_it_pool_free"), 2);
  await service.untilFull();
});

Deno.test("a picture that shows nobody, several or somebody far away has its own code", async () => {
  await using service = await Service.ready();
  const cases: [ProblemCode, Picture][] = [
    ["no_face", await gray(400, 400)],
    ["multiple_faces", await sideBySide()],
    ["face_too_small", await farAway()],
  ];
  for (const [code, picture] of cases) {
    assertProblem(await service.post(picture), code);
    await service.untilFull();
  }
});

Deno.test("another path or method is refused with what there is", async () => {
  await using service = await Service.ready();
  for (
    const path of [
      "/page/nothing.js",
      "/authenticate/",
      "/Authenticate",
      "/metrics/x",
      "/%2e%2e/deno.json",
    ]
  ) {
    assertProblem(await service.get(path), "not_found");
  }
  assertProblem(await service.get("/nothing", { method: "POST" }), "not_found");
  for (const method of ["GET", "PUT", "DELETE", "PATCH", "OPTIONS"]) {
    const answer = await service.get("/authenticate", { method });
    assertProblem(answer, "method_not_allowed");
    assertEquals(answer.headers.get("Allow"), "POST");
  }
  for (const path of ["/health", "/ready", "/metrics", "/openapi.json"]) {
    const answer = await service.get(path, { method: "POST" });
    assertProblem(answer, "method_not_allowed");
    assertMatch(answer.headers.get("Allow")!, /^GET\b/);
  }
  await service.untilFull();
});

Deno.test("a body that does not arrive in time is waited for no longer", async () => {
  await using service = await Service.ready({ BODY_TIMEOUT_MS: "300" });
  await service.untilFull();
  const picture = await sample("user1.png");
  const headers = `Content-Length: ${picture.byteLength}\r\n\r\n`;
  const answer = await send(service, headers, half(picture));
  assertStringIncludes(assertProblem(answer, "request_timeout"), "300 ms");
  assertEquals(await service.metric("face_it_pool_free"), 2);
  assertEquals((await service.post(picture)).status, 200);
  await service.untilFull();
});

Deno.test("a worker that hangs ends with the request's time, and so does the waiting", async () => {
  await using service = await Service.ready({ POOL_SIZE: "1", REQUEST_TIMEOUT_MS: "1500" });
  const [worker] = await service.workers();
  Deno.kill(worker!, "SIGSTOP");
  const picture = await sample("user1.png");
  const answers = await Promise.all([service.post(picture), service.post(picture)]);
  const [waiting, hanging] = answers.toSorted((a, b) => a.status - b.status);
  assertStringIncludes(assertProblem(hanging!, "deadline_exceeded"), "1500 ms");
  assertStringIncludes(assertProblem(waiting!, "no_worker_available"), "in time");
  assertRetryAfter(waiting!);
  await service.untilFull(1);
  assert(!(await service.workers()).includes(worker!), "The hanging worker is gone");
  assertEquals((await service.post(picture)).status, 200);
});

Deno.test("with all workers busy and the queue full a request is refused at once", async () => {
  await using service = await Service.ready({ POOL_SIZE: "1", QUEUE_LIMIT: "0" });
  const [worker] = await service.workers();
  Deno.kill(worker!, "SIGSTOP");
  const picture = await sample("user1_similar.png");
  const first = service.post(picture);
  await untilBusy(service);
  const refused = await service.post(picture);
  assertStringIncludes(assertProblem(refused, "no_worker_available"), "queue is full");
  assertRetryAfter(refused);
  assertEquals(await service.metric("face_it_pool_shed_total"), 1);
  Deno.kill(worker!, "SIGCONT");
  assertEquals((await first).status, 200);
  await service.untilFull(1);
});

Deno.test("a worker that dies in the middle of a request fails it, and no other sees it", async () => {
  await using service = await Service.ready();
  const workers = await service.workers();
  for (const worker of workers) Deno.kill(worker, "SIGSTOP");
  const answer = service.post(await sample("user1.png"), {
    headers: { [REQUEST_ID_HEADER]: "dies" },
  });
  await untilBusy(service);
  // The worker itself stands still and cannot tell that the request has arrived.
  await new Promise((resolve) => setTimeout(resolve, 300));
  for (const worker of workers) Deno.kill(worker, "SIGKILL");
  assertProblem(await answer, "worker_failed");
  const line = service.log.find(({ request_id }) => request_id === "dies");
  assertEquals([line?.["status"], line?.["code"]], [502, "worker_failed"]);
  assert(line?.["cause"], "The log says why");
  await service.untilFull();
  assert((await service.workers()).every((worker) => !workers.includes(worker)));
  assertEquals((await service.post(await sample("user1.png"))).status, 200);
});

Deno.test("a request's own id is in its error; without a good one it gets one", async () => {
  await using service = await Service.ready();
  const idOf = async (id: string) => {
    const answer = await service.post("x", { headers: { [REQUEST_ID_HEADER]: id } });
    assertProblem(answer, "unsupported_media_type");
    return answer.headers.get(REQUEST_ID_HEADER)!;
  };
  assertEquals(await idOf("order-66_a.b"), "order-66_a.b");
  assertMatch(await idOf("no spaces"), /^[\da-f-]{36}$/);
  assertMatch(await idOf("x".repeat(65)), /^[\da-f-]{36}$/);
});

async function untilBusy(service: Service): Promise<void> {
  await eventually(
    async () => await service.metric("face_it_pool_busy") === 1,
    "a request has its worker",
  );
}

function assertRetryAfter(answer: Answer): void {
  const seconds = Number(answer.headers.get("Retry-After"));
  assert(Number.isInteger(seconds) && seconds >= 1 && seconds <= 60, `Retry-After ${seconds}`);
}

/** Posts by hand, for what fetch would not send. */
async function send(
  service: Service,
  headers: string,
  body: string | Picture = "",
): Promise<Answer> {
  using connection = await RawConnection.open(service.url);
  const head = `POST /authenticate HTTP/1.1\r\nHost: face-it.test\r\n${headers}`;
  // The service may answer before it has read all.
  void connection.send(head, body);
  const answer = await connection.answer();
  assert(answer !== undefined, "The connection ended without an answer");
  return answer;
}

const text = (content: string): Picture => new TextEncoder().encode(content);
const half = (picture: Picture): Picture => picture.slice(0, picture.byteLength / 2);

function formOf(parts: readonly (readonly [string, string | Picture])[]): FormData {
  const form = new FormData();
  for (const [name, value] of parts) {
    if (typeof value === "string") form.append(name, value);
    else form.append(name, new File([value], "picture"));
  }
  return form;
}

Deno.test("a Host that is no host cannot say whom to compare with", async () => {
  await using service = await Service.ready();
  const picture = await sample("user2.png");
  const ask = async (host: string) => {
    using connection = await RawConnection.open(service.url);
    await connection.send(
      `POST /authenticate?user_id=user1 HTTP/1.1\r\nHost: ${host}\r\n` +
        `Content-Length: ${picture.byteLength}\r\n\r\n`,
      picture,
    );
    return await connection.answer();
  };
  for (
    const host of ["x?b", "x?user_id=user2&", "x/authenticate?user_id=user2&", "x#", "x\\y", "a@b"]
  ) {
    const answer = await ask(host);
    // Some of them Deno refuses itself.
    if (answer?.headers.has(REQUEST_ID_HEADER)) assertProblem(answer, "invalid_request");
    else assertEquals([answer?.status, answer?.text], [400, ""], host);
  }
  const answer = await ask("face-it.test:8080");
  assertEquals([answer?.status, JSON.parse(answer!.text).matched], [200, false]);
});
