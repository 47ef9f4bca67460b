// docs/security.md names the files and tests that show what it says.

import { assertEquals } from "@std/assert";
import { pathExists } from "../../shared/path_exists.ts";

const ROOT = new URL("../../", import.meta.url).pathname;
const text = await Deno.readTextFile(`${ROOT}docs/security.md`);

Deno.test("every file that docs/security.md names exists", async () => {
  const paths = new Set(text.matchAll(/`([\w./-]+\/[\w-]+\.\w+)`/g).map(([, path]) => path!));
  const missing: string[] = [];
  for (const path of paths) {
    if (!await pathExists(`${ROOT}${path}`)) missing.push(path);
  }
  assertEquals([missing, paths.size > 50], [[], true]);
});

Deno.test("docs/security.md has each requirement of the OWASP list once, in order, and judged", () => {
  const rows = [...text.matchAll(/^\| (\d+\.\d+\.\d+[\d., ]*?) +\|[^|]*\| (\w+) +\|([^|]*)\|$/gm)];
  const firsts = rows.map(([, numbers]) => numbers!.split(", ")[0]!.split(".").map(Number));
  const sorted = firsts.toSorted((a, b) => a[0]! - b[0]! || a[1]! - b[1]! || a[2]! - b[2]!);
  assertEquals(firsts, sorted);
  const all = rows.flatMap(([, numbers]) => numbers!.split(", "));
  assertEquals([new Set(all).size, all.length > 100], [all.length, true]);
  const bad = rows.filter(([, , met, where]) =>
    !["yes", "part", "no"].includes(met!) || where!.trim() === ""
  );
  assertEquals(bad.map(([, numbers]) => numbers), []);
});
