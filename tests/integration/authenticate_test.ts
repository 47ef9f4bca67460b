import { assert, assertEquals, assertMatch } from "@std/assert";
import sharp from "sharp";
import {
  AuthenticateAnswerSchema,
  MatchSchema,
  NonMatchSchema,
  REQUEST_ID_HEADER,
} from "../../shared/contract/contract.ts";
import { encoded, type Picture, sample } from "../support/pictures.ts";
import type { Answer, PostOptions } from "../support/answer.ts";
import { Service } from "../support/service.ts";

const JSON_TYPE = "application/json";

Deno.test("another picture of user1 matches, with and without the user_id", async () => {
  await using service = await Service.ready();
  const picture = await sample("user1_similar.png");
  for (const user_id of [undefined, "user1"]) {
    for (const answer of await postInAllForms(service, picture, user_id)) assertIsUser1(answer);
  }
});

Deno.test("the answer to a wrong user_id does not tell whether that user exists", async () => {
  await using service = await Service.ready();
  const picture = await sample("user1_similar.png");
  const answers: Answer[] = [];
  for (const user_id of ["user2", "user9", "User1", "user1 ", "__proto__"]) {
    answers.push(...await postInAllForms(service, picture, user_id));
  }
  for (const answer of answers) assertMatchesNobody(answer);
  // The answers differ only in their time, so they do not show which users the gallery has.
  const bodies = answers.map(({ text }) => ({ ...JSON.parse(text), duration_ms: 0 }));
  for (const body of bodies) assertEquals(body, bodies[0]);
});

Deno.test("a stranger matches nobody, with and without a user_id", async () => {
  await using service = await Service.ready();
  const picture = await sample("different.png");
  for (const user_id of [undefined, "user1", "user2", "user3"]) {
    for (const answer of await postInAllForms(service, picture, user_id)) {
      assertMatchesNobody(answer);
    }
  }
});

Deno.test("each person of the sample gallery is recognised", async () => {
  await using service = await Service.ready();
  for (const user of ["user1", "user2", "user3"]) {
    const { text } = await service.post(await sample(`${user}.png`));
    const { user_id, similarity } = MatchSchema.parse(JSON.parse(text));
    assertEquals(user_id, user);
    assert(similarity > 0.999, `The enrolled picture itself scores only ${similarity}`);
  }
});

Deno.test("JSON can contain a data URL, and its content type can have a charset", async () => {
  await using service = await Service.ready();
  const picture = await sample("user1_similar.png");
  const base64 = picture.toBase64();
  for (const image_base64 of [`data:image/png;base64,${base64}`, lines(base64)]) {
    const body = JSON.stringify({ image_base64 });
    assertIsUser1(await service.post(body, { contentType: "Application/JSON; charset=utf-8" }));
  }
});

Deno.test("when the body is the picture, the request can have any content type, or none", async () => {
  await using service = await Service.ready();
  const picture = await sample("user1_similar.png");
  const types = [
    ...["image/png", "image/jpeg", "image/webp", "application/octet-stream"],
    // The first of these is the default of curl --data-binary.
    ...["application/x-www-form-urlencoded", "text/plain"],
    undefined,
  ];
  for (const contentType of types) assertIsUser1(await service.post(picture, { contentType }));
});

Deno.test("a face is recognised in JPEG, PNG and WebP", async () => {
  await using service = await Service.ready();
  const picture = sharp(await sample("user1_similar.png"));
  const versions: Picture[] = [
    await encoded(picture.clone().jpeg()),
    await encoded(picture.clone().jpeg({ progressive: true })),
    await encoded(picture.clone().grayscale().jpeg()),
    await encoded(picture.clone().webp()),
    await encoded(picture.clone().webp({ lossless: true })),
    await encoded(picture.clone().png({ palette: true })),
    // A rotated picture with an EXIF orientation, as cameras write it.
    await encoded(picture.clone().rotate(90).withMetadata({ orientation: 8 }).jpeg()),
  ];
  for (const version of versions) assertIsUser1(await service.post(version));
});

Deno.test("a response has the id of its request, and tells caches not to store the response", async () => {
  await using service = await Service.ready();
  const picture = await sample("user1_similar.png");
  const named = await service.post(picture, { headers: { [REQUEST_ID_HEADER]: "order-66" } });
  assertEquals(named.headers.get(REQUEST_ID_HEADER), "order-66");
  assertEquals(named.headers.get("Cache-Control"), "no-store");
  assertMatch(named.headers.get("Content-Type")!, /^application\/json\b/);
  const unnamed = await service.post(picture);
  assertMatch(unnamed.headers.get(REQUEST_ID_HEADER)!, /^[\da-f-]{36}$/);

  const line = service.log.find(({ request_id }) => request_id === "order-66")!;
  assertEquals(
    [line["msg"], line["method"], line["path"], line["status"], line["outcome"]],
    ["request", "POST", "/authenticate", 200, "matched"],
  );
  assert(
    !/user1|User One|similarity|confidence/.test(JSON.stringify(line)),
    "The log names the user",
  );
});

/** Sends the same request in all ways: as the bytes of the picture, as JSON and as a form. */
async function postInAllForms(
  service: Service,
  picture: Picture,
  user_id: string | undefined,
): Promise<Answer[]> {
  const form = new FormData();
  form.append("image", new File([picture], "photo.png", { type: "image/png" }));
  if (user_id !== undefined) form.append("user_id", user_id);
  const json = JSON.stringify({ image_base64: picture.toBase64(), user_id });
  const query: PostOptions = user_id === undefined ? {} : { query: { user_id } };
  return [
    await service.post(picture, { contentType: "image/png", ...query }),
    await service.post(json, { contentType: JSON_TYPE }),
    await service.post(json, { contentType: JSON_TYPE, ...query }),
    await service.post(form),
  ];
}

function assertIsUser1(answer: Answer): void {
  assertEquals(answer.status, 200, answer.text);
  const match = MatchSchema.parse(JSON.parse(answer.text));
  assertEquals([match.user_id, match.user_name], ["user1", "User One"]);
  assert(match.confidence >= 0.7 && match.similarity > 0.3, answer.text);
  assertPlausible(answer);
}

function assertMatchesNobody(answer: Answer): void {
  assertEquals(answer.status, 200, answer.text);
  // The schema is strict: it allows no user_id, user_name or similarity.
  const { matched, confidence } = NonMatchSchema.parse(JSON.parse(answer.text));
  assertEquals([matched, confidence], [false, 0]);
  assertPlausible(answer);
}

/** Checks that the face is large and about in the middle, as in all sample pictures. */
function assertPlausible({ text }: Answer): void {
  const { duration_ms, face } = AuthenticateAnswerSchema.parse(JSON.parse(text));
  assert(duration_ms > 1 && duration_ms < 20_000, text);
  const [x, y, width, height] = face.box;
  assert(width > 100 && width < 400 && height > 120 && height < 480, text);
  assert(x > 0 && y > 0 && x + width < 560 && y + height < 560, text);
  const middle = x + width / 2;
  assert(middle > 150 && middle < 370, text);
}

/** Breaks base64 into lines of 76 characters, as mail and many tools do. */
const lines = (base64: string): string => base64.replace(/.{76}/g, "$&\r\n");
