import { assert, assertEquals } from "@std/assert";
import { fuzzPictures } from "./fuzz_pictures.ts";

Deno.test("500 damaged pictures get a documented answer each, and kill nothing", async () => {
  const { outcomes, failures, rssBytes } = await fuzzPictures(1, 500);
  assertEquals(failures, []);
  const highest = Math.max(...rssBytes);
  assert(highest < 512 * 1024 * 1024, `More memory than a worker has: ${highest} bytes`);
  // The damage is neither so small nor so great that only one thing happens.
  for (const outcome of ["face", "invalid_image", "no_face", "unsupported_media_type"]) {
    assert((outcomes.get(outcome) ?? 0) >= 5, `${outcome} among ${[...outcomes]}`);
  }
});
