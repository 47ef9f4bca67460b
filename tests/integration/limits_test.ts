import { assertEquals, assertStringIncludes } from "@std/assert";
import { assertProblem } from "../support/assert_problem.ts";
import { gray, sample } from "../support/pictures.ts";
import { postRaw } from "../support/raw_http.ts";
import { Service } from "../support/service.ts";

Deno.test("a picture with too many bytes is refused, with a Content-Length and in chunks", async () => {
  await using service = await Service.ready();
  const tooMany = 10 * 1024 * 1024 + 1;
  // This sends only the headers, and no byte of the body.
  const declared = await postRaw(service.url, `Content-Length: ${tooMany}\r\n\r\n`);
  assertStringIncludes(assertProblem(declared, "payload_too_large"), String(tooMany - 1));

  const chunk = `${tooMany.toString(16)}\r\n${"x".repeat(tooMany)}\r\n`;
  const chunked = await postRaw(service.url, `Transfer-Encoding: chunked\r\n\r\n${chunk}`);
  assertProblem(chunked, "payload_too_large");

  // In JSON, the limit is for the picture, not for the longer base64 text.
  const json = `{"image_base64": "${new Uint8Array(tooMany).toBase64()}"}`;
  assertProblem(await service.post(json, { contentType: "application/json" }), "payload_too_large");
  await service.untilFull();
});

Deno.test("a picture with too many pixels is refused", async () => {
  await using service = await Service.ready();
  const detail = assertProblem(await service.post(await gray(8000, 6376)), "payload_too_large");
  assertStringIncludes(detail, "51000000 pixels");
  await service.untilFull();
});

Deno.test("MAX_IMAGE_BYTES and MAX_IMAGE_PIXELS set the limits", async () => {
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
