import { assertEquals, assertRejects } from "@std/assert";
import { ConfigError } from "../../../shared/env.ts";
import { createFakeLog } from "../../../shared/fake_log.ts";
import { FakeDelays } from "./fake_delays.ts";
import { followTokenKeys } from "./follow_token_keys.ts";

const OLD = "o".repeat(32), NEW = "n".repeat(32);

/** Follows a file. The test changes its text; an empty text means that the file is missing. */
async function follow(first: string) {
  const file = { text: first };
  const { log, lines } = createFakeLog();
  const delays = new FakeDelays(), stop = new AbortController();
  const keys = await followTokenKeys({
    read: () => file.text === "" ? Promise.reject(new Error("gone")) : Promise.resolve(file.text),
    log,
    delay: delays.delay,
  }, stop.signal);
  const texts = () => keys().map((key) => new TextDecoder().decode(key));
  return { file, lines, delays, texts, stop };
}

Deno.test("new keys are used after the next read, and unchanged keys are not logged", async () => {
  const { file, lines, delays, texts, stop } = await follow(OLD);
  await delays.pass();
  assertEquals(texts(), [OLD]);
  assertEquals(lines, []);
  file.text = `${NEW}\n${OLD}\n`;
  await delays.pass();
  assertEquals(texts(), [NEW, OLD]);
  assertEquals(lines.length, 1);
  stop.abort();
});

Deno.test("while the keys are bad or missing, the last good keys stay in use", async () => {
  const { file, lines, delays, texts, stop } = await follow(OLD);
  for (const bad of ["short", ""]) {
    file.text = bad;
    await delays.pass();
    assertEquals(texts(), [OLD]);
  }
  assertEquals(lines.map(({ level }) => level), ["error", "error"]);
  file.text = NEW;
  await delays.pass();
  assertEquals(texts(), [NEW]);
  stop.abort();
});

Deno.test("bad keys at the start are an error", async () => {
  await assertRejects(() => follow("short"), ConfigError);
});
