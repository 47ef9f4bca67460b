import { assertEquals, assertRejects } from "@std/assert";
import { temporaryFolder } from "../../tests/support/temporary_folder.ts";
import { ConfigError } from "../env.ts";
import { createFakeLog } from "../fake_log.ts";
import { fakeTokenKeys } from "./fake_token_keys.ts";
import { openPublicKeys } from "./public_keys.ts";

const OLD = fakeTokenKeys(), NEW = fakeTokenKeys();
const [OLD_ID, NEW_ID] = [OLD.signing[0].id, NEW.signing[0].id];

/** Opens the keys in a file. */
async function open(text = OLD.publicPem, canRead?: () => boolean) {
  const folder = await temporaryFolder({ "public.pem": text });
  const clock = { ms: 0 };
  const { log, lines } = createFakeLog();
  const path = folder.path("public.pem");
  const keys = await openPublicKeys({ path }, {
    log,
    now: () => clock.ms,
    ...canRead && { canRead },
  });
  return {
    clock,
    lines,
    path,
    ids: async (id: string) => [...(await keys(id)).keys()],
    [Symbol.asyncDispose]: () => folder[Symbol.asyncDispose](),
  };
}

Deno.test("a new key is read when a token names it, at most every two seconds", async () => {
  await using file = await open();
  await Deno.writeTextFile(file.path, OLD.publicPem + NEW.publicPem);
  file.clock.ms += 1999;
  assertEquals(await file.ids(NEW_ID), [OLD_ID]);
  file.clock.ms += 1;
  assertEquals(await file.ids(OLD_ID), [OLD_ID], "a known key needs no reading");
  assertEquals(await file.ids(NEW_ID), [OLD_ID, NEW_ID]);
  assertEquals(file.lines.map(({ msg }) => msg), ["token keys changed"]);
});

Deno.test("while the file is bad or missing, the last good keys stay in use", async () => {
  await using file = await open();
  for (const text of ["key of the first version, 32 bytes", undefined]) {
    if (text === undefined) await Deno.remove(file.path);
    else await Deno.writeTextFile(file.path, text);
    file.clock.ms += 2000;
    assertEquals(await file.ids(NEW_ID), [OLD_ID]);
  }
  assertEquals(file.lines.map(({ level }) => level), ["error", "error"]);
});

Deno.test("a key that was removed is no longer accepted once the file was read again", async () => {
  await using file = await open(OLD.publicPem + NEW.publicPem);
  await Deno.writeTextFile(file.path, NEW.publicPem);
  file.clock.ms += 2000;
  assertEquals(await file.ids("unknown"), [NEW_ID]);
});

Deno.test("bad keys, a missing file and an endless file at the start are errors", async () => {
  await assertRejects(() => open("k".repeat(40)), ConfigError, "openssl genpkey");
  const options = { log: createFakeLog().log, now: () => 0 };
  for (const path of ["/no/such/file", "/dev/zero"]) {
    await assertRejects(() => openPublicKeys({ path }, options), ConfigError);
  }
});

Deno.test("keys in a variable never change", async () => {
  let now = 0;
  const keys = await openPublicKeys({ text: OLD.publicPem }, {
    log: createFakeLog().log,
    now: () => now += 10_000,
  });
  assertEquals([...(await keys(NEW_ID)).keys()], [OLD_ID]);
});

Deno.test("a process that can open no files keeps its keys, and does not try to read", async () => {
  let sealed = false;
  await using file = await open(OLD.publicPem, () => !sealed);
  sealed = true;
  await Deno.remove(file.path);
  file.clock.ms += 2000;
  assertEquals(await file.ids(NEW_ID), [OLD_ID]);
  assertEquals(file.lines, []);
});
