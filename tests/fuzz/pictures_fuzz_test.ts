import { assert, assertEquals } from "@std/assert";
import { fuzzPictures } from "./fuzz_pictures.ts";

Deno.test("500 damaged pictures each get a documented outcome, without a crash or a hang", async () => {
  const { outcomes, failures, rssBytes } = await fuzzPictures(1, 500);
  assertEquals(failures, []);
  const highest = Math.max(...rssBytes);
  assert(highest < 640 * 1024 * 1024, `The process used ${highest} bytes, more than a worker has`);
  // The damage is varied: each of these outcomes occurs.
  for (const outcome of ["face", "invalid_image", "no_face", "unsupported_media_type"]) {
    assert((outcomes.get(outcome) ?? 0) >= 5, `${outcome} among ${[...outcomes]}`);
  }
});
