// Tests that the gallery answers nothing that the api has not signed.

import { assertEquals } from "@std/assert";
import { MODEL, newTemplate } from "../tests/support/gallery_store.ts";
import { PURPOSES } from "../shared/contract/gallery_call.ts";
import { signWorkerToken } from "../shared/http/worker_token.ts";
import { fakeTokenKeys } from "../shared/http/fake_token_keys.ts";
import { signGalleryToken } from "../shared/http/gallery_token.ts";
import { CALLS, type FakeCall } from "./fake_caller.ts";
import { type FakeReplica, installFake } from "./fake_gallery.ts";

const { embedding, photo } = newTemplate(1);
const NEW = { model: MODEL, photo_sha256: photo.toHex() };

/** A correct call for each route. */
const EVERY_CALL: readonly FakeCall[] = [
  CALLS.putUser("user1", { name: "User One" }),
  CALLS.addTemplate("user1", embedding, NEW),
  CALLS.decide(embedding, { model: MODEL }),
  CALLS.checkDecision(),
  CALLS.about("check_enrolment", "user1"),
  CALLS.about("unlock_user", "user1"),
  CALLS.about("get_user", "user1"),
  CALLS.about("export_user", "user1"),
  CALLS.list(),
  CALLS.describe(),
  CALLS.readAudit(),
  CALLS.deleteTemplate("user1", "0"),
  CALLS.about("delete_user", "user1"),
];

/** Routes that need no statement. They tell numbers only. */
const OPEN = ["/health", "/ready", "/metrics"];

async function withReplica(use: (replica: FakeReplica) => Promise<void>): Promise<void> {
  await using installation = await installFake();
  const replica = await installation.replica();
  await use(replica);
}

async function codeOf(
  replica: FakeReplica,
  call: FakeCall,
  authorization?: string,
): Promise<[number, string]> {
  const { status, body } = await replica.call(call, authorization);
  return [status, body?.code];
}

Deno.test("every route has a call with each purpose here", async () => {
  await withReplica(async ({ app }) => {
    const routes = app.routes.filter(({ method }) => method !== "ALL").map(({ path }) => path);
    const known = EVERY_CALL.map(({ path }) =>
      path.replace(/user1/, ":user_id").replace(/templates\/0$/, "templates/:template_id")
    );
    assertEquals(new Set(routes), new Set([...OPEN, ...known]));
    assertEquals(new Set(EVERY_CALL.map(({ claims }) => claims.purpose)), new Set(PURPOSES));
    await Promise.resolve();
  });
});

Deno.test("a call with its own purpose is answered, with another purpose refused", async () => {
  await withReplica(async (replica) => {
    for (const call of EVERY_CALL) {
      for (const purpose of PURPOSES) {
        const own = purpose === call.claims.purpose;
        const [status, code] = await codeOf(replica, {
          ...call,
          claims: { ...call.claims, purpose },
        });
        const about = `${call.method} ${call.path} as ${purpose}`;
        if (own) assertEquals(status < 300, true, `${about}: ${status} ${code}`);
        else assertEquals([status, code], [401, "unauthorized"], about);
      }
    }
  });
});

Deno.test("a call about another user, template, collection or body than its statement is refused", async () => {
  await withReplica(async (replica) => {
    for (const call of EVERY_CALL) {
      const { claims, path } = call;
      const others: FakeCall[] = [];
      const state = (changes: Partial<Record<keyof typeof claims, unknown>>) =>
        others.push({ ...call, claims: { ...claims, ...changes } as never });
      if (claims.purpose !== "decide" && claims.purpose !== "check_decision") {
        state({ client_ref: "phone" });
        state({ user_id: claims.user_id === undefined ? "user1" : "user2" });
        if (claims.user_id !== undefined) state({ user_id: undefined });
      }
      state({ template_id: claims.template_id === undefined ? "0" : "1" });
      state({ collection: "a\nb" });
      if (claims.template_id !== undefined) state({ template_id: undefined });
      if (claims.body_sha256 === undefined) {
        state({ body_sha256: "0".repeat(64) });
      } else {
        state({ body_sha256: undefined });
        state({ body_sha256: "0".repeat(64) });
        const flipped = call.body!.slice();
        flipped[flipped.length - 1]! ^= 1;
        others.push({ ...call, body: flipped });
        others.push({ ...call, body: call.body!.slice(1) });
        others.push({ ...call, body: new Uint8Array() });
      }
      if (claims.purpose === "list_users") {
        others.push({ ...call, path: `${path}?limit=1` });
        const { path: asked, claims } = CALLS.list("?limit=1");
        others.push({ ...call, path: asked.replace("1", "1000"), claims });
        others.push({ ...call, claims });
      }
      if (path.includes("user1")) others.push({ ...call, path: path.replace("user1", "user2") });
      for (const name of ["model", "photo_sha256"] as const) {
        if (claims[name] !== undefined) state({ [name]: undefined });
      }
      for (const other of others) {
        const about = `${other.method} ${other.path} ${JSON.stringify(other.claims)}`;
        assertEquals(await codeOf(replica, other), [401, "unauthorized"], about);
      }
    }
  });
});

Deno.test("a call without a valid token is refused, and its body is not read", async () => {
  await withReplica(async (replica) => {
    const foreign = fakeTokenKeys();
    for (const call of EVERY_CALL) {
      const refused = await replica.call(
        call,
        `Bearer ${
          signGalleryToken(
            foreign.signing,
            call.claims,
          )
        }`,
      );
      assertEquals(refused.body.code, "unauthorized");
      for (const header of ["", "Bearer ", "Bearer a.b.c", "Basic dTpw"]) {
        assertEquals(await codeOf(replica, call, header), [401, "unauthorized"]);
      }
    }
    let pulled = 0;
    const body = new ReadableStream({ pull: () => void pulled++ }, { highWaterMark: 0 });
    const { status } = await replica.app.fetch(
      new Request("http://gallery/decisions", { method: "POST", body }),
    );
    assertEquals([status, pulled], [401, 0]);
  });
});

Deno.test("the token of a change or decision is accepted once by all replicas together", async () => {
  await using installation = await installFake();
  const { keys, clock } = installation;
  const [a, b] = [await installation.replica(), await installation.replica()];
  const changes = EVERY_CALL.filter(({ method }) => method !== "GET");
  assertEquals(changes.length, 6);
  for (const call of changes) {
    const header = `Bearer ${signGalleryToken(keys.signing, call.claims, clock.now)}`;
    const about = `${call.method} ${call.path}`;
    assertEquals((await codeOf(a, call, header))[0] < 300, true, about);
    clock.now += 60_000;
    assertEquals(await codeOf(b, call, header), [401, "unauthorized"], about);
    // After a restart, too.
    assertEquals(await codeOf(await installation.replica(), call, header), [401, "unauthorized"]);
  }
  // Also the token of a call that was refused, or changed nothing.
  for (
    const call of [CALLS.addTemplate("nobody", embedding, NEW), CALLS.about("delete_user", "x")]
  ) {
    const header = `Bearer ${signGalleryToken(keys.signing, call.claims, clock.now)}`;
    await a.call(call, header);
    assertEquals(await codeOf(b, call, header), [401, "unauthorized"]);
  }
  assertEquals((await a.call(CALLS.list())).body.users, []);
});

Deno.test("a token for a worker, and one that is too old, are refused", async () => {
  await using installation = await installFake();
  const { keys, clock } = installation;
  const replica = await installation.replica();
  const call = CALLS.about("get_user", "user1");
  const forWorker = signWorkerToken(keys.signing, "worker-1", clock.now);
  assertEquals(await codeOf(replica, call, `Bearer ${forWorker}`), [401, "unauthorized"]);
  const old = signGalleryToken(keys.signing, call.claims, clock.now - 101_000);
  assertEquals(await codeOf(replica, call, `Bearer ${old}`), [401, "unauthorized"]);
  const young = signGalleryToken(keys.signing, call.claims, clock.now - 99_000);
  assertEquals(await codeOf(replica, call, `Bearer ${young}`), [404, "user_not_found"]);
  assertEquals(await codeOf(replica, call, `Bearer ${young}`), [401, "unauthorized"]);
});

Deno.test("a user_id is compared in NFC, and every character of it can be in a path", async () => {
  await withReplica(async (replica) => {
    const ids = ["a/b", "100%", "%2F", "a b", "?x", "#", "é", "日本", "…", "a..b", "%", "+", "a;b"];
    for (const id of ids) {
      const { status, body } = await replica.call(CALLS.putUser(id, { name: "N" }));
      assertEquals([status, body.user_id], [201, id], id);
    }
    // The path has "e" and an accent, the statement one character.
    const call = CALLS.about("get_user", "Rene\u0301");
    await replica.call(CALLS.putUser("Ren\u00e9", { name: "R" }));
    const { status, body } = await replica.call(call);
    assertEquals([status, body.user_id], [200, "Ren\u00e9"]);
    const { body: page } = await replica.call(CALLS.list());
    assertEquals(page.users.length, ids.length + 1);
  });
});
