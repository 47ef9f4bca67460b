import { assertEquals } from "@std/assert";
import { createByteSearch } from "./byte_search.ts";
import { seededRandom } from "./seeded_random.ts";

const random = seededRandom(1);
const bytes = (length: number) => Uint8Array.from({ length }, () => random() * 256);

Deno.test("a search finds each aligned piece of a secret at every offset, and nothing else", () => {
  const secrets = new Map([["long", [bytes(100)]], ["short", [bytes(20), bytes(8)]]]);
  const [long] = secrets.get("long")!, [, eight] = secrets.get("short")!;
  for (let offset = 0; offset < 9; offset++) {
    for (const at of [0, 32, 64]) {
      const content = bytes(200);
      content.set(long!.subarray(at, at + 32), offset);
      const search = createByteSearch(secrets);
      search.search(content);
      assertEquals([...search.found], ["long"]);
    }
  }
  const search = createByteSearch(secrets);
  search.search(bytes(1000));
  const almost = long!.slice();
  for (const at of [31, 63, 95]) almost[at]! ^= 1;
  search.search(almost);
  assertEquals([...search.found], []);
  search.search(eight!);
  assertEquals([...search.found], ["short"]);
});

Deno.test("a search leaves out pieces that much other content has", () => {
  const search = createByteSearch(new Map([["zeros", [new Uint8Array(64)]]]));
  search.search(new Uint8Array(100));
  assertEquals([...search.found], []);
});
