import { assertEquals, assertStringIncludes, assertThrows } from "@std/assert";
import { Problem, type ProblemCode } from "../contract/problem.ts";
import { maxBodyBytes, parseProbe, type ProbeRequest } from "./parse_probe.ts";

const PNG = Uint8Array.of(0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a, 0, 1, 2, 3);
const JPEG = Uint8Array.of(0xff, 0xd8, 0xff, 0xe0, 0xfb, 0xff);
const WEBP = bytesOf("RIFF....WEBPVP8 ");

function bytesOf(text: string): Uint8Array {
  return new TextEncoder().encode(text);
}

function request(
  body: Uint8Array,
  contentType: string,
  options: Partial<ProbeRequest> = {},
): ProbeRequest {
  return { body, contentType, queryUserId: undefined, maxImageBytes: 1000, ...options };
}

const picture = (image: Uint8Array, options: Partial<ProbeRequest> = {}) =>
  request(image, "image/png", options);

const jsonText = (text: string, options: Partial<ProbeRequest> = {}) =>
  request(bytesOf(text), "application/json", options);

const json = (value: unknown, options: Partial<ProbeRequest> = {}) =>
  jsonText(JSON.stringify(value), options);

async function multipart(
  parts: readonly (readonly [name: string, value: string | Uint8Array])[],
  options: Partial<ProbeRequest> = {},
): Promise<ProbeRequest> {
  const form = new FormData();
  for (const [name, value] of parts) {
    if (typeof value === "string") form.append(name, value);
    else form.append(name, new Blob([value as Uint8Array<ArrayBuffer>]), "photo");
  }
  const response = new Response(form);
  return request(await response.bytes(), response.headers.get("Content-Type")!, options);
}

function assertRefused(refused: ProbeRequest, code: ProblemCode, detail = ""): Problem {
  const problem = assertThrows(() => parseProbe(refused), Problem, detail);
  assertEquals(problem.code, code);
  return problem;
}

Deno.test("a body that is neither JSON nor a form is the picture itself", () => {
  for (
    const contentType of [
      "image/png",
      "image/jpeg",
      "application/octet-stream",
      "application/x-www-form-urlencoded",
      "",
    ]
  ) {
    assertEquals(parseProbe(request(PNG, contentType)), { image: PNG, userId: undefined });
  }
});

Deno.test("JPEG, PNG and WebP are pictures", () => {
  for (const image of [JPEG, PNG, WEBP]) {
    assertEquals((parseProbe(picture(image))).image, image);
  }
});

Deno.test("JSON carries the picture in base64", () => {
  assertEquals(parseProbe(json({ image_base64: PNG.toBase64() })), {
    image: PNG,
    userId: undefined,
  });
});

Deno.test("base64 may have a data URL's prefix", () => {
  for (
    const prefix of [
      "data:image/png;base64,",
      "DATA:IMAGE/PNG;BASE64,",
      "data:application/octet-stream;base64,",
    ]
  ) {
    const probe = parseProbe(json({ image_base64: prefix + PNG.toBase64() }));
    assertEquals(probe.image, PNG);
  }
});

Deno.test("a content type may have parameters and capitals", () => {
  const body = bytesOf(JSON.stringify({ image_base64: PNG.toBase64() }));
  const probe = parseProbe(request(body, "Application/JSON ; charset=utf-8"));
  assertEquals(probe.image, PNG);
});

Deno.test("a form carries the picture as a file", async () => {
  assertEquals(parseProbe(await multipart([["image", PNG]])), {
    image: PNG,
    userId: undefined,
  });
});

Deno.test("user_id may be in JSON, in a form or in the query", async () => {
  const image_base64 = PNG.toBase64();
  for (
    const probe of [
      json({ image_base64, user_id: "user1" }),
      await multipart([["image", PNG], ["user_id", "user1"]]),
      picture(PNG, { queryUserId: "user1" }),
      json({ image_base64 }, { queryUserId: "user1" }),
      await multipart([["image", PNG]], { queryUserId: "user1" }),
    ]
  ) {
    assertEquals(parseProbe(probe), { image: PNG, userId: "user1" });
  }
});

Deno.test("a user_id may be given twice, but not with different values", async () => {
  const body = { image_base64: PNG.toBase64(), user_id: "user1" };
  for (
    const same of [
      json(body, { queryUserId: "user1" }),
    ]
  ) {
    assertEquals((parseProbe(same)).userId, "user1");
  }
  for (
    const different of [
      json(body, { queryUserId: "user2" }),
      await multipart([["image", PNG], ["user_id", "user1"]], { queryUserId: "user2" }),
    ]
  ) {
    assertRefused(different, "invalid_request", "different values");
  }
});

Deno.test("a form has at most one user_id, sent as text", async () => {
  assertRefused(
    await multipart([["image", PNG], ["user_id", "user1"], ["user_id", "user1"]]),
    "invalid_request",
    "given more than once",
  );
  assertRefused(
    await multipart([["image", PNG], ["user_id", bytesOf("user1")]]),
    "invalid_request",
    "not as a file",
  );
});

Deno.test("a user_id has 1 to 256 characters in every form", async () => {
  const longest = "x".repeat(256);
  assertEquals(
    (parseProbe(picture(PNG, { queryUserId: longest }))).userId,
    longest,
  );
  for (const userId of ["", longest + "x"]) {
    for (
      const probe of [
        json({ image_base64: PNG.toBase64(), user_id: userId }),
        await multipart([["image", PNG], ["user_id", userId]]),
        picture(PNG, { queryUserId: userId }),
      ]
    ) {
      assertRefused(probe, "invalid_request", "user_id");
    }
  }
});

Deno.test("a user_id is in NFC afterwards, in every form and from the query", async () => {
  const composed = "Ren\u00e9", decomposed = "Rene\u0301";
  for (const userId of [composed, decomposed]) {
    for (
      const probe of [
        json({ image_base64: PNG.toBase64(), user_id: userId }, { queryUserId: decomposed }),
        await multipart([["image", PNG], ["user_id", userId]]),
        picture(PNG, { queryUserId: userId }),
      ]
    ) {
      assertEquals(parseProbe(probe).userId, composed);
    }
  }
});

Deno.test("a user_id with a control character is refused in every form", async () => {
  for (
    const probe of [
      json({ image_base64: PNG.toBase64(), user_id: "a\u0000" }),
      await multipart([["image", PNG], ["user_id", "a\u0085"]]),
      picture(PNG, { queryUserId: "a\n" }),
    ]
  ) {
    assertRefused(probe, "invalid_request", "control characters");
  }
});

Deno.test("bad base64 is refused, and the error does not repeat it", () => {
  for (const image_base64 of ["not*base64", "iVBORw0KG", "data:image/png;base64,%%%%"]) {
    const problem = assertRefused(
      json({ image_base64 }),
      "invalid_request",
      "image_base64 is not valid base64",
    );
    assertEquals(problem.message.includes(image_base64), false);
  }
});

Deno.test("a body that is not JSON is refused", () => {
  for (const text of ["", "{", "image_base64=abc", "{'image_base64': ''}"]) {
    assertRefused(jsonText(text), "invalid_request", "not valid JSON");
  }
  const notUtf8 = bytesOf('{"image_base64":"", "user_id":"?"}');
  notUtf8[notUtf8.indexOf("?".charCodeAt(0))] = 0xff;
  assertRefused(request(notUtf8, "application/json"), "invalid_request", "not valid JSON");
});

Deno.test("JSON that does not match the API is refused with the name of the field", () => {
  const image_base64 = PNG.toBase64();
  for (
    const [value, wrong] of [
      [{}, "image_base64"],
      [{ user_id: "user1" }, "image_base64"],
      [{ image_base64: "" }, "empty"],
      [{ image_base64: 7 }, "image_base64"],
      [{ image_base64: null }, "image_base64"],
      [{ image_base64, image: "picture" }, 'Unknown JSON field "image"'],
      [{ image_base64, user_id: 7 }, "user_id"],
      [{ image_base64, user_id: null }, "user_id"],
      [[image_base64], "must be an object"],
      [image_base64, "must be an object"],
      [null, "must be an object"],
    ] as const
  ) {
    assertRefused(json(value), "invalid_request", wrong);
  }
});

Deno.test("a form must have exactly one picture, sent as a file", async () => {
  for (
    const form of [
      await multipart([["user_id", "user1"]]),
      await multipart([["image", PNG], ["image", PNG]]),
      await multipart([["image", "a text field"]]),
      await multipart([]),
    ]
  ) {
    assertRefused(form, "invalid_request");
  }
});

Deno.test("a form with an unknown part is refused", async () => {
  assertRefused(
    await multipart([["image", PNG], ["picture", PNG]]),
    "invalid_request",
    'Unknown form field "picture"; use "image" or "user_id"',
  );
});

Deno.test("an error repeats only the start of an unknown field name", () => {
  const { message } = assertRefused(
    json({ image_base64: PNG.toBase64(), ["x".repeat(100_000)]: 1 }),
    "invalid_request",
    'Unknown JSON field "xxx',
  );
  assertEquals(message.length < 200, true);
});

Deno.test("a malformed form is refused", async () => {
  const whole = await multipart([["image", PNG]]);
  for (
    const broken of [
      { ...whole, contentType: "multipart/form-data" },
      { ...whole, contentType: "multipart/form-data; boundary=another" },
      { ...whole, body: bytesOf("no parts at all") },
      { ...whole, body: whole.body.subarray(0, whole.body.length - 40) },
    ]
  ) {
    assertRefused(broken, "invalid_request");
  }
});

Deno.test("an empty picture is refused in every form", async () => {
  for (
    const empty of [
      picture(new Uint8Array()),
      json({ image_base64: "data:image/png;base64," }),
      await multipart([["image", new Uint8Array()]]),
    ]
  ) {
    assertRefused(empty, "invalid_request", "empty");
  }
});

Deno.test("a picture may be as large as the limit and no larger, in every form", async () => {
  const forms = async (maxImageBytes: number) => [
    picture(PNG, { maxImageBytes }),
    json({ image_base64: PNG.toBase64() }, { maxImageBytes }),
    await multipart([["image", PNG]], { maxImageBytes }),
  ];
  for (const probe of await forms(PNG.length)) assertEquals((parseProbe(probe)).image, PNG);
  for (const probe of await forms(PNG.length - 1)) {
    assertRefused(probe, "payload_too_large", `${PNG.length - 1} bytes`);
  }
});

Deno.test("other formats are refused, even when they are declared as PNG", async () => {
  for (
    const text of [
      "GIF89a......",
      "<svg xmlns='http://www.w3.org/2000/svg'/>",
      "II*\0............",
      "MM\0*............",
      "\0\0\0\x18ftypheic....",
      "%PDF-1.7.....",
      "hello",
    ]
  ) {
    const image = bytesOf(text);
    for (
      const probe of [
        request(image, "image/png"),
        json({ image_base64: `data:image/png;base64,${image.toBase64()}` }),
        await multipart([["image", image]]),
      ]
    ) {
      assertRefused(probe, "unsupported_media_type");
    }
  }
});

Deno.test("the largest picture fits into a body together with the longest user_id", async () => {
  const maxImageBytes = 30_000, image = new Uint8Array(maxImageBytes), user_id = "ü".repeat(256);
  image.set(PNG);
  for (
    const probe of [
      picture(image),
      json({ image_base64: `data:image/png;base64,${image.toBase64()}`, user_id }),
      await multipart([["image", image], ["user_id", user_id]]),
    ]
  ) {
    const limit = maxBodyBytes(probe.contentType, maxImageBytes);
    assertEquals(probe.body.byteLength <= limit, true);
    assertEquals((parseProbe({ ...probe, maxImageBytes })).image.length, maxImageBytes);
  }
});

Deno.test("the limit of a body is only a little higher than the limit of its picture", () => {
  assertEquals(maxBodyBytes("image/png", 3000), 3000);
  assertEquals(maxBodyBytes("", 3000), 3000);
  for (
    const contentType of ["application/json; charset=utf-8", "multipart/form-data; boundary=x"]
  ) {
    assertEquals(maxBodyBytes(contentType, 3_000_000) <= 4_000_000 + 16 * 1024, true);
  }
});

Deno.test("an error names neither the user nor the body", () => {
  const problem = assertRefused(
    json({ image_base64: PNG.toBase64(), user_id: "user1" }, { queryUserId: "user2" }),
    "invalid_request",
  );
  assertEquals(/user[12]/.test(problem.message), false);
  assertStringIncludes(problem.message, "user_id");
});

Deno.test("where only a picture is expected, a body may not have a user_id", () => {
  const image_base64 = PNG.toBase64();
  const parse = (body: string) =>
    parseProbe({
      body: new TextEncoder().encode(body),
      contentType: "application/json",
      queryUserId: undefined,
      maxImageBytes: 1000,
      pictureOnly: true,
    });
  assertEquals(parse(JSON.stringify({ image_base64 })).userId, undefined);
  const { code, message } = assertThrows(
    () => parse(JSON.stringify({ image_base64, user_id: "user1" })),
    Problem,
  );
  assertEquals(code, "invalid_request");
  assertStringIncludes(message, 'Unknown JSON field "user_id"');
});
