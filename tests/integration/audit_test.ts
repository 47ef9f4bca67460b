// The audit of the real service: what it records, who reads it, what the command finds, what it has.

import { assert, assertEquals, assertMatch } from "@std/assert";
import { DatabaseSync } from "node:sqlite";
import { makeApiKey } from "../../api/callers/api_keys/api_key.ts";
import { openStore } from "../../gallery/store/open_store.ts";
import { AuditPageSchema } from "../../shared/contract/audit.ts";
import { parseTemplateKeys } from "../../shared/template_keys.ts";
import { createByteSearch, type Secrets } from "../support/byte_search.ts";
import { openLocalEmbedder } from "../support/embedded_people.ts";
import { CALLS, type GalleryInstallation, installGallery } from "../support/gallery_service.ts";
import { sample } from "../support/pictures.ts";
import { type CommandResult, runCommand } from "../support/run_command.ts";
import { embeddingForms, hexForm, textForms } from "../support/secret_forms.ts";
import { Service } from "../support/service.ts";
import { sha256 } from "../../shared/sha256.ts";

const DAY_MS = 24 * 60 * 60 * 1000;
const USER = "canary-user-5b1f";
const NAME = "Canary Name 5b1f";
const CONSENT = "canary-consent-5b1f";

/** Starts an api with keys. Returns what sends a request with a key. */
async function startApi(installation: GalleryInstallation, gallery: Service) {
  const texts: Record<string, string> = {};
  const keys = ["admin", "authenticate", "audit"].map((scope) => {
    const { text, ...entry } = makeApiKey();
    texts[scope] = text;
    return { ...entry, name: scope, scopes: [scope] };
  });
  const path = await installation.folder.write("keys.json", JSON.stringify({ keys }));
  const api = new Service(
    { ...installation.apiEnv(gallery), POOL_SIZE: "1", API_KEYS_PATH: path },
    ["run", "-q", "-P=api-local", `--allow-read=${installation.folder.root}`, "api/main.ts"],
  );
  await api.untilReady();
  const send = (scope: string, path: string, init: RequestInit = {}) => {
    const headers = new Headers(init.headers);
    headers.set("Authorization", `Bearer ${texts[scope]}`);
    return api.get(path, { ...init, headers });
  };
  const idOf = (scope: string) => keys.find(({ name }) => name === scope)!.id;
  return { api, send, idOf };
}

const put = (name: string): RequestInit => ({
  method: "PUT",
  headers: { "Content-Type": "application/json" },
  body: JSON.stringify({ name, consent_ref: CONSENT }),
});

/** Runs `gallery audit verify` with everything that services have logged. */
async function verify(
  { folder, env }: GalleryInstallation,
  ...services: readonly Service[]
): Promise<CommandResult> {
  const log = await folder.write("log", services.flatMap(({ lines }) => lines).join("\n"));
  return await runCommand("gallery/commands/main.ts", ["audit", "verify", "--checkpoints", log], {
    env,
    permissions: "gallery-command",
  });
}

/** Returns everything in the tables of a database. */
function dump(env: Readonly<Record<string, string>>, only?: string): Uint8Array<ArrayBuffer>[] {
  using database = new DatabaseSync(`${env["GALLERY_STORE"]}/gallery.db`, { readOnly: true });
  const tables = database.prepare("SELECT name FROM sqlite_schema WHERE type = 'table'").all()
    .map(({ name }) => name as string).filter((name) => only === undefined || name === only);
  return tables.flatMap((table) =>
    database.prepare(`SELECT * FROM ${table}`).all().flatMap((row) =>
      Object.values(row).map((value) =>
        value instanceof Uint8Array
          ? Uint8Array.from(value)
          : new TextEncoder().encode(String(value))
      )
    )
  );
}

function find(contents: readonly Uint8Array[], secrets: Secrets): string[] {
  const search = createByteSearch(secrets);
  for (const content of contents) search.search(content);
  return [...search.found].toSorted();
}

Deno.test("the audit of the service is read by its own scope, verified, and has nobody who was deleted", async () => {
  await using installation = await installGallery();
  const { env, folder } = installation;
  // LOG_LEVEL does not hide checkpoints.
  await using first = installation.start({ LOG_LEVEL: "error" });
  await first.untilReady();
  const { api, send, idOf } = await startApi(installation, first);
  await using _api = api;
  const photo = await sample("user1.png");
  const post = (picture: Uint8Array<ArrayBuffer>, headers = {}) => ({
    method: "POST",
    body: picture,
    headers,
  });
  assertEquals((await send("admin", `/users/${USER}`, put(NAME))).status, 201);
  assertEquals((await send("admin", `/users/${USER}/templates`, post(photo))).status, 201);
  const other = post(await sample("user2.png"));
  assertEquals((await send("admin", `/users/${USER}/templates`, other)).status, 422);
  for (const [query, user] of [["", USER], [`?user_id=${USER}`, USER], ["?user_id=x", undefined]]) {
    const label = { "X-Request-Id": `label${query!.length}` };
    const picture = post(await sample("user1_similar.png"), label);
    const { text } = await send("authenticate", `/authenticate${query}`, picture);
    assertEquals(JSON.parse(text).user_id, user, text);
  }
  assertEquals((await send("admin", `/users/${USER}/export`)).status, 200);

  for (const scope of ["admin", "authenticate"]) {
    const { status, text } = await send(scope, "/audit");
    assertEquals([status, JSON.parse(text).code], [403, "forbidden_scope"]);
  }
  const answer = await send("audit", "/audit");
  const { events } = AuditPageSchema.parse(JSON.parse(answer.text));
  assertEquals(
    events.toReversed().map(({ kind, outcome, user_id, key }) => [kind, outcome, user_id, key]),
    [
      ["user", "created", USER, idOf("admin")],
      ["enrolment", "added", USER, idOf("admin")],
      ["enrolment", "not_the_same_person", USER, idOf("admin")],
      ["decision", "matched", USER, idOf("authenticate")],
      ["decision", "matched", USER, idOf("authenticate")],
      ["decision", "not_matched", null, idOf("authenticate")],
      ["export", "exported", USER, idOf("admin")],
    ],
  );
  assertEquals(
    events.find(({ user_id, kind }) => kind === "decision" && user_id === null)?.request_id,
    "label10",
  );
  const filtered = await send("audit", `/audit?user_id=${USER}&kind=decision&limit=1`);
  const page = AuditPageSchema.parse(JSON.parse(filtered.text));
  assertEquals(page.events.length, 1);
  const query = `user_id=${USER}&kind=decision&cursor=${page.next_cursor}`;
  const rest = AuditPageSchema.parse(JSON.parse((await send("audit", `/audit?${query}`)).text));
  assertEquals([rest.events.length, rest.next_cursor], [1, null]);
  assertEquals(JSON.parse((await send("audit", "/audit?cursor=x")).text).code, "invalid_request");

  // What the rows of the audit, its answers, the log and the metrics have of the user.
  await using embedder = await openLocalEmbedder();
  const { embedding } = await embedder.embed(photo, { forTemplate: true });
  const digest = await sha256(photo);
  const secrets: Secrets = new Map([
    ["user_id", textForms(USER)],
    ["name", textForms(NAME)],
    ["consent", textForms(CONSENT)],
    ["embedding", embeddingForms(embedding).flatMap((form) => [form, hexForm(form)])],
    ["picture", [photo, hexForm(photo)]],
    ["digest of the photo", [Uint8Array.fromHex(digest), ...textForms(digest)]],
  ]);
  const metrics = await first.get("/metrics");
  const output = [...first.lines, ...api.lines, metrics.text].join("\n");
  const text = (content: string) => [new TextEncoder().encode(content)];
  assertEquals(find(dump(env, "gallery_audit"), secrets), []);
  assertEquals(find(text(output), secrets), []);
  // The answer has the user_id, as long as the user exists. The same search finds it.
  assertEquals(find(text(answer.text), secrets), ["user_id"]);
  assertEquals(find(dump(env), secrets), ["consent", "name", "user_id"]);
  assertMatch(metrics.text, /^face_it_gallery_audit_unsigned_events \d+$/m);

  // The service ends with a checkpoint. Rows of the next one, which is killed, may have none.
  assertEquals(await first.stop(), 0);
  const whole = await verify(installation, first);
  assertEquals([whole.code, whole.err], [0, ""]);
  assertMatch(whole.out, /^7 events in 1 chains are in order\. .* 0 are not covered/);
  await using second = installation.start();
  await second.untilReady();
  const call = async (...[service, call]: Parameters<typeof installation.call>) =>
    assert((await installation.call(service, call)).status < 300);

  await call(second, CALLS.about("delete_user", USER));
  // The service runs meanwhile.
  const running = await verify(installation, first, second);
  assertEquals([running.code, running.err], [0, ""]);
  assertMatch(running.out, /^8 events in 2 chains are in order/);
  const gone = JSON.parse((await installation.call(second, CALLS.readAudit())).text);
  assertEquals(gone.events.filter(({ user_id }: { user_id: string }) => user_id !== null), []);
  second.kill("SIGKILL");
  await second.exitCode();
  const killed = await verify(installation, first, second);
  assertMatch(killed.out, /^8 events in 2 chains are in order/);

  // The changes of users keep the user_id for a day.
  {
    await using _store = await openStore(env["GALLERY_STORE"]!, {
      keys: parseTemplateKeys(await Deno.readTextFile(folder.path("template-keys"))),
      now: () => Date.now() + DAY_MS + 1000,
    });
    await _store.purge();
  }
  assertEquals(find(dump(env), secrets), []);

  const chain = events[0]!.chain;
  {
    using database = new DatabaseSync(`${env["GALLERY_STORE"]}/gallery.db`);
    database.prepare("DELETE FROM gallery_audit WHERE chain = ? AND seq = 5").run(chain);
  }
  const removed = await verify(installation, first, second);
  assertEquals(
    [removed.code, removed.out, removed.err],
    [1, "", `Row 5 of the chain ${chain} is missing\n`],
  );
});
