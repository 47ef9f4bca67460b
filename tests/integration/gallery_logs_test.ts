// What the logs and metrics of all parts tell about users, at the level debug: docs/privacy.md.

import { assert, assertEquals } from "@std/assert";
import { makeApiKey } from "../../api/callers/api_keys/api_key.ts";
import type { Answer } from "../support/answer.ts";
import { createByteSearch, type Secrets } from "../support/byte_search.ts";
import { openLocalEmbedder } from "../support/embedded_people.ts";
import { CALLS, installGallery } from "../support/gallery_service.ts";
import { sample } from "../support/pictures.ts";
import {
  embeddingForms,
  hexForm,
  privateKeyForms,
  templateKeyForms,
  textForms,
} from "../support/secret_forms.ts";
import { Service } from "../support/service.ts";
import { sha256 } from "../../shared/sha256.ts";

const ENV = { LOG_LEVEL: "debug", LOG_FORMAT: "json" };
const USER = "canary-user-5b1f";
const OTHER = "canary-other-5b1f";
const NAME = "Canary Name 5b1f";
const CONSENT = "canary-consent-5b1f";

/** Returns bytes as they are, and as text in base64 and in hexadecimal. */
const inText = (bytes: Uint8Array): Uint8Array[] => [
  bytes,
  new TextEncoder().encode(bytes.toBase64()),
  hexForm(bytes),
];

/** Returns the numbers of an embedding as they are in JSON. */
const asNumbers = (embedding: Float32Array): Uint8Array[] =>
  [...embedding].map(String).filter((text) => text.length > 10).flatMap(textForms);

Deno.test("no log and no metric has a user, a face, a picture, a key or a token", async () => {
  await using installation = await installGallery();
  const { text: key, ...entry } = makeApiKey();
  const keys = [{ ...entry, name: "test", scopes: ["admin", "authenticate"] }];
  await installation.folder.write("keys.json", JSON.stringify({ keys }));
  await using gallery = installation.start(ENV);
  await gallery.untilReady();
  await using api = new Service(
    {
      ...ENV,
      ...installation.apiEnv(gallery),
      POOL_SIZE: "1",
      API_KEYS_PATH: installation.folder.path("keys.json"),
    },
    ["run", "-q", "-P=api-local", `--allow-read=${installation.folder.root}`, "api/main.ts"],
  );
  await api.untilReady();
  const requests: string[] = [];
  const send = (path: string, init: RequestInit = {}): Promise<Answer> => {
    requests.push(`request-${requests.length}-5b1f`);
    const headers = new Headers(init.headers);
    headers.set("Authorization", `Bearer ${key}`);
    headers.set("X-Request-Id", requests.at(-1)!);
    return api.get(path, { ...init, headers });
  };
  const sendOk = async (path: string, init: RequestInit = {}): Promise<string> => {
    const { status, text } = await send(path, init);
    assert(status < 300, `${path}: ${status} ${text}`);
    return text;
  };
  const refused = async (code: string, path: string, init: RequestInit = {}): Promise<void> => {
    const { text } = await send(path, init);
    assertEquals(JSON.parse(text).code, code, text);
  };
  const user = `/users/${USER}`;
  const put = { method: "PUT", headers: { "Content-Type": "application/json" } };
  const body = JSON.stringify({ name: NAME, consent_ref: CONSENT });
  const photo = await sample("user1.png");
  const post = (picture: Uint8Array<ArrayBuffer>) => ({ method: "POST", body: picture });

  await sendOk(user, { ...put, body });
  const { template_id: template } = JSON.parse(await sendOk(`${user}/templates`, post(photo)));
  assert((await sendOk(`${user}/export`)).includes(CONSENT));
  for (const path of [user, "/users?limit=1", "/models"]) await sendOk(path);
  for (const query of ["", `?user_id=${USER}`, `?user_id=${OTHER}`]) {
    const picture = await sample("user1_similar.png");
    const { matched } = JSON.parse(await sendOk(`/authenticate${query}`, post(picture)));
    assertEquals(matched, query !== `?user_id=${OTHER}`);
  }
  await sendOk("/authenticate", post(await sample("different.png")));
  await sendOk(`/users/${OTHER}`, { ...put, body });

  // Everything that is refused, by each part.
  await refused("not_the_same_person", `${user}/templates`, post(await sample("user2.png")));
  await refused("belongs_to_another_user", `/users/${OTHER}/templates`, post(photo));
  await refused("invalid_request", user, { ...put, body: body.slice(1) });
  await refused("invalid_request", user, {
    ...put,
    body: JSON.stringify({ name: NAME, expires_at: "2001-01-01T00:00:00Z" }),
  });
  await refused("invalid_request", `/users?cursor=${USER}`);
  await refused("invalid_request", `/authenticate?name=${USER}`, post(photo));
  await refused("invalid_image", `${user}/templates`, post(photo.slice(0, 5000)));
  await refused("not_found", `${user}/${CONSENT}/x`);
  await refused("method_not_allowed", user, { method: "PATCH", body });
  const stolen = await api.get(user, { headers: { Authorization: `Bearer ${key.slice(0, -1)}` } });
  assertEquals(stolen.status, 401);
  const call = CALLS.about("get_user", USER);
  const token = installation.sign(call);
  for (const bad of [token.slice(0, -2), `${token}x`, USER]) {
    assertEquals((await installation.send(gallery, call, bad)).status, 401);
  }
  const other = CALLS.about("export_user", OTHER);
  assertEquals((await installation.send(gallery, other, token)).status, 401);

  await sendOk(`${user}/templates/${template}`, { method: "DELETE" });
  await sendOk(user, { method: "DELETE" });
  await refused("user_not_found", user);
  const metrics = [await gallery.get("/metrics"), await api.get("/metrics")];
  for (const { status } of metrics) assertEquals(status, 200);
  gallery.kill("SIGKILL");
  await gallery.exitCode();
  await refused("gallery_unavailable", user);
  await refused("gallery_unavailable", "/authenticate", post(photo));
  await api.stop();

  await using embedder = await openLocalEmbedder();
  const { embedding } = await embedder.embed(photo, { forTemplate: true });
  const secrets: Secrets = new Map([
    ...[USER, OTHER, NAME, CONSENT].map((text) => [text, textForms(text)] as const),
    ["encoded name", textForms(encodeURIComponent(NAME))],
    ["embedding", [...embeddingForms(embedding).flatMap(inText), ...asNumbers(embedding)]],
    ["picture", inText(photo)],
    ["digest of the photo", textForms(await sha256(photo))],
    ["caller's key", textForms(key.split("_")[2]!)],
    ["token key", privateKeyForms(installation.keys.privatePem)],
    [
      "template key",
      templateKeyForms(await Deno.readTextFile(installation.folder.path("template-keys"))),
    ],
    ["token", [
      ...textForms(token.slice(0, 20)),
      ...textForms("eyJ0eXAi"),
      ...textForms("eyJhbGci"),
    ]],
  ]);
  const output = [
    ...[gallery, api].flatMap(({ out, lines }) => [out, ...lines]),
    ...metrics.map(({ text }) => text),
  ].join("\n");
  const find = (wanted: Secrets) => {
    const search = createByteSearch(wanted);
    search.search(new TextEncoder().encode(output));
    return [...search.found];
  };
  assertEquals(find(secrets), []);
  // Every part has logged, and the same search finds the label of each request.
  const parts = new Set([...gallery.log, ...api.log].map(({ service }) => service));
  assertEquals([...parts].toSorted(), ["api", "gallery", "worker"]);
  assertEquals(find(new Map(requests.map((id) => [id, textForms(id)]))).length, requests.length);
});
