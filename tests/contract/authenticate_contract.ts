// The behaviour of POST /authenticate that both modes must show: with workers that hold the gallery,
// and with the gallery service.

import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import sharp from "sharp";
import {
  AuthenticateAnswerSchema,
  MatchSchema,
  NonMatchSchema,
  REQUEST_ID_HEADER,
} from "../../shared/contract/contract.ts";
import type { ProblemCode } from "../../shared/contract/problem.ts";
import { assertProblem } from "../support/assert_problem.ts";
import { encoded, farAway, gray, type Picture, sample, sideBySide } from "../support/pictures.ts";
import type { Answer, PostOptions } from "../support/answer.ts";
import type { Service } from "../support/service.ts";

const JSON_TYPE = "application/json";

/** A service whose gallery has the sample people. */
export interface AuthenticateBackend extends AsyncDisposable {
  readonly service: Service;
  /**
   * Gives the face of user1 to a second user, with the user_id "Rene\u0301" in Unicode's form NFD.
   *
   * @returns The service that knows both. It ends with the backend
   */
  addTwin(): Promise<Service>;
}

/** Setting of the services: a start for each of the many requests would take most of the time. */
export const KEPT_WORKERS = { REQUESTS_PER_WORKER: "1000" };

type Behaviour = (backend: AuthenticateBackend) => Promise<void>;

const behaviours: [name: string, body: Behaviour][] = [];
const behaviour = (name: string, body: Behaviour) => behaviours.push([name, body]);

/**
 * Tests the behaviour of a service. All steps share one service, because its start takes seconds.
 *
 * @param mode Name of the mode
 * @param open Starts the service
 */
export function testAuthenticate(mode: string, open: () => Promise<AuthenticateBackend>): void {
  Deno.test(`POST /authenticate: ${mode}`, async (t) => {
    await using backend = await open();
    for (const [name, body] of behaviours) await t.step(name, () => body(backend));
  });
}

behaviour("another picture of user1 matches, with and without the user_id", async ({ service }) => {
  const picture = await sample("user1_similar.png");
  for (const user_id of [undefined, "user1"]) {
    for (const answer of await postInAllForms(service, picture, user_id)) assertIsUser1(answer);
  }
});

behaviour(
  "the answer to a wrong user_id does not tell whether that user exists",
  async ({ service }) => {
    const picture = await sample("user1_similar.png");
    const answers: Answer[] = [];
    for (const user_id of ["user2", "user9", "User1", "user1 ", "__proto__"]) {
      answers.push(...await postInAllForms(service, picture, user_id));
    }
    for (const answer of answers) assertMatchesNobody(answer);
    // The answers differ only in their time, so they do not show which users the gallery has.
    const bodies = answers.map(({ text }) => ({ ...JSON.parse(text), duration_ms: 0 }));
    for (const body of bodies) assertEquals(body, bodies[0]);
  },
);

behaviour("a stranger matches nobody, with and without a user_id", async ({ service }) => {
  const picture = await sample("different.png");
  for (const user_id of [undefined, "user1", "user2", "user3"]) {
    for (const answer of await postInAllForms(service, picture, user_id)) {
      assertMatchesNobody(answer);
    }
  }
});

behaviour("each person of the sample gallery is recognised", async ({ service }) => {
  for (const user of ["user1", "user2", "user3"]) {
    const { text } = await service.post(await sample(`${user}.png`));
    const { user_id, similarity } = MatchSchema.parse(JSON.parse(text));
    assertEquals(user_id, user);
    assert(similarity > 0.999, `The enrolled picture itself scores only ${similarity}`);
  }
});

behaviour(
  "JSON can contain a data URL, and its content type can have a charset",
  async ({ service }) => {
    const picture = await sample("user1_similar.png");
    const base64 = picture.toBase64();
    for (const image_base64 of [`data:image/png;base64,${base64}`, lines(base64)]) {
      const body = JSON.stringify({ image_base64 });
      assertIsUser1(await service.post(body, { contentType: "Application/JSON; charset=utf-8" }));
    }
  },
);

behaviour(
  "when the body is the picture, the request can have any content type, or none",
  async ({ service }) => {
    const picture = await sample("user1_similar.png");
    const types = [
      ...["image/png", "image/jpeg", "image/webp", "application/octet-stream"],
      // The first of these is the default of curl --data-binary.
      ...["application/x-www-form-urlencoded", "text/plain"],
      undefined,
    ];
    for (const contentType of types) assertIsUser1(await service.post(picture, { contentType }));
  },
);

behaviour("a face is recognised in JPEG, PNG and WebP", async ({ service }) => {
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

behaviour(
  "a response has the id of its request, and tells caches not to store the response",
  async ({ service }) => {
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
  },
);

behaviour("a picture that cannot be recognised gets its code", async ({ service }) => {
  const user1 = await sample("user1.png");
  const upright = sharp(await sample("user3.png"));
  const cases: [ProblemCode, Picture][] = [
    ["no_face", await gray(400, 400)],
    ["multiple_faces", await sideBySide()],
    ["face_too_small", await farAway()],
    ["face_not_upright", await encoded(upright.clone().rotate(180).blur(6).jpeg())],
    ["face_unclear", await encoded(upright.clone().blur(8).png())],
    ["invalid_image", user1.slice(0, user1.byteLength / 2)],
    ["unsupported_media_type", await encoded(upright.clone().gif())],
  ];
  for (const [code, picture] of cases) {
    for (const query of [{}, { user_id: "user1" }]) {
      assertProblem(await service.post(picture, { query }), code);
    }
  }
});

behaviour("a clear face is recognised in a turned picture", async ({ service }) => {
  const upright = sharp(await sample("user3.png"));
  for (const degrees of [90, 180, 270]) {
    const { text } = await service.post(await encoded(upright.clone().rotate(degrees).jpeg()));
    assertEquals(JSON.parse(text).user_id, "user3", `${degrees}: ${text}`);
  }
});

behaviour("a malformed request is refused and uses no worker", async ({ service }) => {
  const picture = await sample("user1.png");
  const image_base64 = picture.toBase64();
  const json = (value: unknown) => service.post(JSON.stringify(value), { contentType: JSON_TYPE });
  await service.untilFull();
  for (
    const answer of [
      await service.post("{", { contentType: JSON_TYPE }),
      await json({}),
      await json({ image_base64, picture: "x" }),
      await json({ image_base64, user_id: "" }),
      await service.post(""),
      await service.post("x", { contentType: "multipart/form-data" }),
      await service.post(picture, { query: { userid: "user1" } }),
      await service.post(picture, { query: { user_id: "x".repeat(257) } }),
      await service.post(JSON.stringify({ image_base64, user_id: "user1" }), {
        contentType: JSON_TYPE,
        query: { user_id: "user2" },
      }),
    ]
  ) assertProblem(answer, "invalid_request");
  for (const method of ["GET", "PUT", "DELETE"]) {
    assertProblem(await service.get("/authenticate", { method }), "method_not_allowed");
  }
  assertEquals(await service.metric("face_it_pool_free"), 2);
});

behaviour("a face that two users have is refused without a user_id", async (backend) => {
  const service = await backend.addTwin();
  const picture = await sample("user1_similar.png");
  const detail = assertProblem(await service.post(picture), "ambiguous_match");
  assertEquals(detail, "The face matches several users. Send user_id to compare with one user");
  // With a user_id, in any Unicode form, both are recognised.
  for (const user_id of ["user1", "Ren\u00e9", "Rene\u0301"]) {
    const answer = await service.post(picture, { query: { user_id } });
    assertStringIncludes(answer.text, `"user_id":"${user_id.normalize()}"`);
    assertMatch(answer.text, /"confidence":[01](\.\d{1,4})?,"similarity":[01](\.\d{1,4})?,/);
  }
  assertMatchesNobody(await service.post(picture, { query: { user_id: "user2" } }));
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
