/** Fills an index with as many users as the argument says, and prints its memory as JSON. */

import { createGalleryIndex } from "../../../gallery/index/memory_index.ts";
import { putRandomUsers } from "./random_users.ts";

const users = Number(Deno.args[0]);
const index = createGalleryIndex();
putRandomUsers(index, 1);
const { gc } = globalThis as { gc?: () => void };
if (gc === undefined) throw new Error("Run it with --v8-flags=--expose-gc");
gc();
const before = Deno.memoryUsage();
putRandomUsers(index, users);
gc();
const after = Deno.memoryUsage();
const { similarity } = index.search({
  collection: "default",
  model: "ab".repeat(32),
  probe: new Float32Array(512).fill(512 ** -0.5),
  now: 0,
})!;
if (!(similarity > 0)) throw new Error("The search found nobody");
console.log(JSON.stringify({
  rss: after.rss - before.rss,
  external: after.external - before.external,
  heap: after.heapUsed - before.heapUsed,
}));
