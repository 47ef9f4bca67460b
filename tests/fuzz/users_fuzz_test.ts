// Sends odd requests to the routes of users, and checks that each response is documented.

import { assert, assertEquals } from "@std/assert";
import fc from "fast-check";
import { createFakeApp, PNG } from "../../api/fake_app.ts";
import { FakeGallery } from "../../api/gallery/fake_gallery.ts";
import { embedding } from "../../api/recognition/fake_worker_client.ts";
import { normalizeUserId } from "../../shared/contract/user_text.ts";
import { readAnswer } from "../support/answer.ts";
import { assertProblem } from "../support/assert_problem.ts";

const RUNS = 500;

/** A part of a path, as a client may write it. */
const part = fc.oneof(
  fc.string({ unit: "binary", minLength: 1, maxLength: 20 }).map((text) =>
    encodeURIComponent(text.toWellFormed())
  ),
  fc.string({ unit: fc.constantFrom(..."%2fFeE0aA"), minLength: 1, maxLength: 12 }),
  fc.constantFrom("user1", "a%2Fb", "%", "%zz", "%00", "%ED%A0%80", "Rene%CC%81", "x".repeat(300)),
);

const text = fc.oneof(
  fc.constantFrom("name", "consent_ref", "expires_at", "__proto__", "2030-01-31T12:00:00Z", ""),
  fc.string({ unit: "binary", maxLength: 300 }),
);
const body = fc.oneof(
  fc.dictionary(text, fc.oneof(text, fc.jsonValue())).map((value) => JSON.stringify(value)),
  fc.record({ name: text }).map((value) => JSON.stringify(value)),
  fc.string({ unit: "binary", maxLength: 50 }),
);

const request = fc.oneof(
  fc.record({ method: fc.constant("PUT"), path: part.map((id) => `/users/${id}`), body }),
  fc.record({
    method: fc.constantFrom("GET", "DELETE", "PATCH"),
    path: fc.oneof(
      part.map((id) => `/users/${id}`),
      part.map((id) => `/users/${id}/export`),
      fc.tuple(part, part).map(([id, template]) => `/users/${id}/templates/${template}`),
      text.map((value) => `/users?limit=${encodeURIComponent(value.toWellFormed())}`),
      text.map((value) => `/users?cursor=${encodeURIComponent(value.toWellFormed())}`),
      fc.tuple(fc.constantFrom("user_id", "kind", "key", "from", "to", "limit", "cursor"), text)
        .map((
          [name, value],
        ) => `/audit?${name}=${encodeURIComponent(value.toWellFormed())}`),
    ),
    body: fc.constant(null),
  }),
  fc.record({
    method: fc.constant("POST"),
    path: fc.tuple(part, fc.constantFrom("", "?force=true", "?force=1", "?user_id=a"))
      .map(([id, query]) => `/users/${id}/templates${query}`),
    body: fc.constantFrom(PNG, "no picture"),
  }),
);

Deno.test("each odd request to the routes of users gets a documented response", async () => {
  const gallery = new FakeGallery();
  const { call, lines } = createFakeApp({
    gallery,
    free: RUNS * 100,
    workers: Array(RUNS * 100).fill(embedding("face 1")),
  });
  const { paths } = await (await call("/openapi.json")).json();
  const statuses = new Set(
    Object.entries<Record<string, { responses: object }>>(paths)
      .filter(([path]) => path.startsWith("/users"))
      .flatMap(([, operations]) => Object.values(operations))
      .flatMap(({ responses }) => Object.keys(responses)),
  );
  await fc.assert(
    fc.asyncProperty(request, async ({ method, path, body }) => {
      const init = {
        method,
        headers: { "Content-Type": method === "PUT" ? "application/json" : "image/png" },
        body: body as BodyInit | null,
      };
      const answer = await readAnswer(call(path, init));
      if (answer.status >= 400) {
        const { code } = JSON.parse(answer.text);
        assert(code !== "internal", answer.text);
        assertProblem(answer, code);
        const isOther = ["method_not_allowed", "not_found"].includes(code);
        assert(isOther || statuses.has(String(answer.status)), `${answer.status}`);
      } else if (method === "PUT") {
        const id = decodeURIComponent(path.slice("/users/".length));
        assertEquals(JSON.parse(answer.text).user_id, normalizeUserId(id));
      }
    }),
    { numRuns: RUNS, seed: 13 },
  );
  assertEquals(lines.filter(({ level }) => level === "error"), []);
});
