// Tests the error codes of the HTTP API. limits_test.ts, worker_errors_test.ts and
// requests_per_worker_test.ts test the codes that are missing here. No request can
// cause "internal" on purpose: shared/http/service_test.ts and worker/app_test.ts test it.

import { assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import sharp from "sharp";
import { REQUEST_ID_HEADER } from "../../shared/contract/contract.ts";
import { PICTURE_FORMATS } from "../../shared/contract/image_type.ts";
import type { ProblemCode } from "../../shared/contract/problem.ts";
import { LOCAL_PATHS } from "../../shared/local_paths.ts";
import type { Answer } from "../support/answer.ts";
import { assertProblem } from "../support/assert_problem.ts";
import { encoded, farAway, gray, type Picture, sample, sideBySide } from "../support/pictures.ts";
import { postRaw, RawConnection } from "../support/raw_http.ts";
import { Service } from "../support/service.ts";
import { temporaryFolder } from "../support/temporary_folder.ts";

const JSON_TYPE = "application/json";

/** Runs a test with workers that hold the gallery, and with the gallery service. */
function inBothModes(name: string, body: (service: Service) => Promise<void>): void {
  for (const GALLERY_MODE of ["workers", "service"]) {
    Deno.test(`${name} (GALLERY_MODE=${GALLERY_MODE})`, async () => {
      await using service = await Service.ready({ GALLERY_MODE });
      await body(service);
    });
  }
}

inBothModes("a malformed request is refused with a sentence that says why", async (service) => {
  await service.untilFull();
  const picture = await sample("user1.png");
  const image_base64 = picture.toBase64();
  const json = (value: unknown) => service.post(JSON.stringify(value), { contentType: JSON_TYPE });
  const form = (...parts: readonly [string, string | Picture][]) => service.post(formOf(parts));

  const cases: [Answer, string][] = [
    [await service.post("{", { contentType: JSON_TYPE }), "not valid JSON"],
    [await service.post(picture, { contentType: JSON_TYPE }), "not valid JSON"],
    [await json([]), "must be an object"],
    [await json({}), "image_base64"],
    [await json({ image_base64: 1 }), "image_base64"],
    [await json({ image_base64: "" }), "empty"],
    [await json({ image_base64, picture: "x" }), 'Unknown JSON field "picture"'],
    [await json({ image_base64, user_id: 1 }), "user_id"],
    [await json({ image_base64: "§" }), "not valid base64"],
    [await json({ image_base64: image_base64.slice(1) }), "not valid base64"],
    [await service.post(""), "empty"],
    [await service.post("x", { contentType: "multipart/form-data" }), "multipart"],
    [await form(), 'one part "image"'],
    [await form(["user_id", "user1"]), 'one part "image"'],
    [await form(["image", image_base64]), 'one part "image"'],
    [await form(["image", picture], ["image", picture]), "more than once"],
    [await form(["image", picture], ["image_base64", image_base64]), "Unknown form field"],
    [await form(["image", picture], ["user_id", picture]), "user_id"],
    [await service.post(picture, { query: { userid: "user1" } }), 'use "user_id"'],
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
  // None of these requests used a worker.
  assertEquals(await service.metric("face_it_pool_free"), 2);
  await service.untilFull();
});

Deno.test("every path refuses a query that it does not declare", async () => {
  await using service = await Service.ready();
  const paths = ["/health", "/ready", "/metrics", "/", "/docs", "/openapi.json", "/page/page.js"];
  for (const path of paths) {
    const detail = assertProblem(await service.get(`${path}?user=1`), "invalid_request");
    assertStringIncludes(detail, 'Unknown query parameter "user"', path);
    assertEquals((await service.get(`${path}?`)).status, 200);
  }
  assertProblem(await service.get("/nothing?user=1"), "not_found");
  await service.untilFull();
});

Deno.test("a picture in a wrong form is refused with a sentence that says what to do", async () => {
  await using service = await Service.ready();
  await service.untilFull();
  const picture = await encoded(sharp(await sample("user1.png")).jpeg());
  const base64 = picture.toBase64();
  const cases: [body: string, contentType: string, why: string][] = [
    [JSON.stringify({ image_base64: base64 }), "text/plain", "Content-Type application/json"],
    [`--b\r\nContent-Disposition: form-data`, "image/jpeg", "multipart/form-data"],
    [`image=${encodeURIComponent(base64)}`, "application/x-www-form-urlencoded", "curl -F"],
    [base64, "image/jpeg", "This is base64"],
    [`data:image/jpeg;base64,${base64}`, "image/jpeg", "This is a data: URL"],
  ];
  for (const [body, contentType, why] of cases) {
    const detail = assertProblem(
      await service.post(body, { contentType }),
      "unsupported_media_type",
    );
    assertStringIncludes(detail, why);
  }
  const gzip = await postRaw(service.url, "Content-Encoding: gzip\r\nContent-Length: 5\r\n\r\n");
  assertStringIncludes(assertProblem(gzip, "unsupported_media_type"), "without compression");
  const noBoundary = await service.post("x", { contentType: "multipart/form-data" });
  assertStringIncludes(assertProblem(noBoundary, "invalid_request"), "has no boundary");
  assertEquals(await service.metric("face_it_pool_free"), 2);
});

Deno.test("URL-safe base64 and data: URLs with parameters are accepted", async () => {
  await using service = await Service.ready({ REQUESTS_PER_WORKER: "10" });
  const picture = await sample("user1.png");
  for (
    const image_base64 of [
      picture.toBase64({ alphabet: "base64url", omitPadding: true }),
      `data:image/png;charset=utf-8;base64,${picture.toBase64()}`,
    ]
  ) {
    const body = JSON.stringify({ image_base64, user_id: "user1" });
    const answer = await service.post(body, { contentType: JSON_TYPE });
    assertEquals([answer.status, JSON.parse(answer.text).matched], [200, true]);
  }
});

inBothModes("an incomplete or damaged picture is refused as invalid_image", async (service) => {
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

Deno.test("only JPEG, PNG and WebP are accepted, and the content type does not matter", async () => {
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
      assertStringIncludes(assertProblem(answer, "unsupported_media_type"), PICTURE_FORMATS, name);
    }
  }
  // The api itself refuses these pictures, so no worker is used.
  assertEquals(await service.metric("face_it_pool_free"), 2);
  await service.untilFull();
});

inBothModes(
  "no face, several faces and a face that is too small have different error codes",
  async (service) => {
    const cases: [ProblemCode, Picture][] = [
      ["no_face", await gray(400, 400)],
      ["multiple_faces", await sideBySide()],
      ["face_too_small", await farAway()],
    ];
    for (const [code, picture] of cases) {
      assertProblem(await service.post(picture), code);
      await service.untilFull();
    }
  },
);

inBothModes(
  "a face that is not upright and a face that is unclear are not answered with matched: false",
  async (service) => {
    const upright = sharp(await sample("user3.png"));
    const gamma5 = async () => {
      const { data, info } = await upright.clone().removeAlpha().raw()
        .toBuffer({ resolveWithObject: true });
      const dark = data.map((value) => 255 * (value / 255) ** 5);
      return await encoded(sharp(dark, { raw: info }).png());
    };
    const cases: [ProblemCode, Picture][] = [
      ["face_not_upright", await encoded(upright.clone().rotate(180).blur(6).jpeg())],
      ["face_not_upright", await encoded(upright.clone().rotate(270).blur(6).png())],
      ["face_unclear", await encoded(upright.clone().blur(8).png())],
      ["face_unclear", await gamma5()],
    ];
    for (const [code, picture] of cases) {
      for (const query of [{}, { user_id: "user1" }]) {
        assertProblem(await service.post(picture, { query }), code);
        await service.untilFull();
      }
    }
    // A clear face is accepted: the worker, or the picture's EXIF data, turns the picture.
    for (
      const turned of [
        upright.clone().rotate(90).png(),
        upright.clone().rotate(180).jpeg(),
        upright.clone().rotate(270).webp(),
        upright.clone().rotate(90).withMetadata({ orientation: 8 }).jpeg(),
      ]
    ) {
      const answer = await service.post(await encoded(turned));
      const { matched, user_id } = JSON.parse(answer.text);
      assertEquals([matched, user_id], [true, "user3"]);
      await service.untilFull();
    }
  },
);

Deno.test("a face that two users have is refused without a user_id, and the error names nobody", async () => {
  const { embeddings } = JSON.parse(await Deno.readTextFile(LOCAL_PATHS.gallery));
  const twin = embeddings.filter(({ user_id }: { user_id: string }) => user_id === "user1")
    .map((entry: object) => ({ ...entry, user_id: "Rene\u0301", name: "Twin" }));
  await using folder = await temporaryFolder({
    "gallery.json": JSON.stringify({ embeddings: [...embeddings, ...twin] }),
  });
  await using service = await Service.ready({ EMBEDDINGS_PATH: folder.path("gallery.json") });
  const picture = await sample("user1_similar.png");
  const detail = assertProblem(await service.post(picture), "ambiguous_match");
  assertEquals(detail, "The face matches several users. Send user_id to compare with one user");
  await service.untilFull();
  // With a user_id, in any Unicode form, both are recognised.
  for (const [user_id, expected] of [["user1", "user1"], ["Ren\u00e9", "Ren\u00e9"]] as const) {
    const answer = await service.post(picture, { query: { user_id } });
    assertStringIncludes(answer.text, `"user_id":"${expected}"`);
    assertMatch(answer.text, /"confidence":[01](\.\d{1,4})?,"similarity":0\.\d{1,4},/);
    await service.untilFull();
  }
});

Deno.test("an unknown path is refused, and the refusal of a wrong method has the allowed methods", async () => {
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

Deno.test("a request whose body does not arrive in time is refused and uses no worker", async () => {
  await using service = await Service.ready({ BODY_TIMEOUT_MS: "300" });
  await service.untilFull();
  const picture = await sample("user1.png");
  const headers = `Content-Length: ${picture.byteLength}\r\n\r\n`;
  const answer = await postRaw(service.url, headers, half(picture));
  assertStringIncludes(assertProblem(answer, "request_timeout"), "300 ms");
  assertEquals(await service.metric("face_it_pool_free"), 2);
  assertEquals((await service.post(picture)).status, 200);
  await service.untilFull();
});

Deno.test("an error has the client's request id, or a new id when the client's id is not valid", async () => {
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

inBothModes("a bad Host header cannot change the user_id of a request", async (service) => {
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
    // Deno itself refuses some of these requests. Its response has no request id.
    if (answer?.headers.has(REQUEST_ID_HEADER)) assertProblem(answer, "invalid_request");
    else assertEquals([answer?.status, answer?.text], [400, ""], host);
  }
  const answer = await ask("localhost:8080");
  assertEquals([answer?.status, JSON.parse(answer!.text).matched], [200, false]);
});

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
