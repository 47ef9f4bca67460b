// The keys of callers, with the real command and the real service.

import { assert, assertEquals, assertMatch } from "@std/assert";
import { keysFile, makeKey, serviceWithKeys } from "../support/api_keys.ts";
import { assertProblem } from "../support/assert_problem.ts";
import { eventually } from "../support/eventually.ts";
import { sample } from "../support/pictures.ts";
import { RawConnection } from "../support/raw_http.ts";
import { assertRefusesToStart } from "../support/refuses_to_start.ts";
import { Service } from "../support/service.ts";
import { temporaryFolder } from "../support/temporary_folder.ts";

const bearer = (key: string) => ({ headers: { Authorization: `Bearer ${key}` } });

Deno.test("keys open the service, and a key that is taken out no longer does", async () => {
  const verify = await makeKey("--scope", "verify", "--name", "door");
  const search = await makeKey("--scope", "authenticate", "--rate", "1000/min");
  await using folder = await temporaryFolder({
    "..1/keys.json": keysFile(verify.entry, search.entry),
    "..2/keys.json": keysFile(verify.entry),
  });
  // As in the volume of a Secret.
  await Deno.symlink("..1", folder.path("..data"));
  await Deno.symlink("..data/keys.json", folder.path("keys.json"));
  await using service = await serviceWithKeys(folder.path("keys.json"), folder.root);
  const picture = await sample("user1_similar.png");
  const query = { user_id: "user1" };

  assertMatch(assertProblem(await service.post(picture), "unauthorized"), /Authorization: Bearer/);
  for (const options of [{ ...bearer(verify.key), query }, bearer(search.key)]) {
    const { status, text } = await service.post(picture, options);
    assertEquals([status, JSON.parse(text).user_id], [200, "user1"]);
  }
  assertProblem(await service.post(picture, bearer(verify.key)), "forbidden_scope");
  for (const path of ["/", "/docs", "/openapi.json", "/health", "/ready", "/metrics"]) {
    assertEquals((await service.get(path)).status, 200, path);
  }

  await Deno.symlink("..2", folder.path("..data_tmp"));
  await Deno.rename(folder.path("..data_tmp"), folder.path("..data"));
  await eventually(
    () => service.log.some(({ msg }) => msg === "API keys changed"),
    "the change is seen",
  );
  assertProblem(await service.post(picture, bearer(search.key)), "unauthorized");
  assertEquals((await service.post(picture, { ...bearer(verify.key), query })).status, 200);

  // A file that is broken later changes nothing.
  await Deno.writeTextFile(folder.path("..2/keys.json"), keysFile(verify.entry).slice(0, -5));
  await eventually(
    () => service.log.some(({ level, error }) => level === "error" && /JSON/.test(`${error}`)),
    "the log says that the file is broken",
  );
  assertEquals((await service.post(picture, { ...bearer(verify.key), query })).status, 200);

  const lines = service.lines.join("\n");
  assert(lines.includes(verify.entry.id));
  for (const { key } of [verify, search]) assert(!lines.includes(key.split("_")[2]!));
});

Deno.test("two Authorization headers are refused on the wire", async () => {
  const { key, entry } = await makeKey("--scope", "authenticate");
  await using folder = await temporaryFolder({ "keys.json": keysFile(entry) });
  await using service = await serviceWithKeys(folder.path("keys.json"), folder.root);
  const picture = await sample("user1_similar.png");
  const post = async (...headers: readonly string[]) => {
    using connection = await RawConnection.open(service.url);
    await connection.send(
      `POST /authenticate HTTP/1.1\r\nHost: ${service.url.host}\r\n` +
        headers.map((header) => `${header}\r\n`).join("") +
        `Content-Length: ${picture.byteLength}\r\n\r\n`,
      picture,
    );
    return (await connection.answer())!;
  };
  const good = `Authorization: Bearer ${key}`;
  assertEquals((await post(good)).status, 200);
  assertEquals((await post(`authorization:bearer ${key} \t`)).status, 200);
  for (
    const second of [good, "Authorization: Bearer x", "authorization:", "Authorization: Basic eA=="]
  ) {
    assertProblem(await post(good, second), "unauthorized");
    assertProblem(await post(second, good), "unauthorized");
  }
});

Deno.test("a service that other machines can reach does not start without keys", async () => {
  for (const HOST of ["::", "0.0.0.0"]) {
    await assertRefusesToStart({ HOST }, "Set API_KEYS_PATH");
  }
  await assertRefusesToStart({ API_KEYS_PATH: "no-such-keys.json" }, "API_KEYS_PATH");
});

Deno.test("on this machine the service is open, but not to what a proxy forwards", async () => {
  await using service = await Service.ready();
  const picture = await sample("user1_similar.png");
  assertEquals((await service.post(picture)).status, 200);
  for (const name of ["Forwarded", "X-Forwarded-For", "x-forwarded-proto"]) {
    const answer = await service.post(picture, { headers: { [name]: "for=127.0.0.1" } });
    assertMatch(assertProblem(answer, "unauthorized"), /proxy/);
  }
});

Deno.test("a client address that sends too many requests gets 429", async () => {
  await using service = await Service.ready({
    HOST: "::",
    ALLOW_ANONYMOUS: "true",
    REQUESTS_PER_ADDRESS: "3",
    TRUSTED_PROXIES: "127.0.0.2/32",
  });
  const ask = (forwardedFor: string) =>
    service.post("no picture", { headers: { "X-Forwarded-For": forwardedFor } });
  // An address that a client invents does not count: no trusted proxy sent the request.
  for (const invented of ["192.0.2.1", "192.0.2.2", "192.0.2.3"]) {
    assertProblem(await ask(invented), "unsupported_media_type");
  }
  const refused = await ask("192.0.2.4");
  assertProblem(refused, "too_many_requests");
  const [, seconds] = /^"address";r=0;t=(\d+)$/.exec(refused.headers.get("RateLimit")!)!;
  assertEquals(refused.headers.get("Retry-After"), seconds);
  assertEquals((await service.get("/health")).status, 200);
});
