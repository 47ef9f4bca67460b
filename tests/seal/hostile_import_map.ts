/**
 * The import map that makes a worker hostile: worker/main.ts stays as it is, and gets another decoder.
 * To run one by hand, or in a pod of the worker's image with tests/seal mounted at /app/tests/seal:
 *
 *     deno run tests/seal/hostile_import_map.ts /app sealed >map.json
 *     deno run -q --cached-only -P=worker --allow-read --import-map=map.json worker/main.ts
 *
 * The first picture that the worker gets is the attack. The worker prints one line for
 * each attempt.
 */

import { join } from "node:path";
import { pathToFileURL } from "node:url";
import deno from "../../deno.json" with { type: "json" };

/** Modules of the worker that a test replaces. */
export type Replaced = "decode" | "seal";

/**
 * Returns the import map.
 *
 * @param root Folder of the project
 * @param replaced decode: the worker is hostile; seal: it does not seal itself
 */
export function testImportMap(root: string, replaced: readonly Replaced[]) {
  const { href: folder } = pathToFileURL(join(root, "/"));
  const decode = `${folder}worker/pipeline/decode.ts`;
  const imports: Record<string, string> = { ...deno.imports };
  // Deno does the same for the imports in deno.json.
  for (const [name, target] of Object.entries(deno.imports)) {
    if (target.startsWith("npm:")) imports[`${name}/`] ??= `npm:/${target.slice(4)}/`;
  }
  imports["@std/assert"] = `${folder}tests/support/std_assert.ts`;
  if (replaced.includes("decode")) imports[decode] = `${folder}tests/seal/hostile_decode.ts`;
  if (replaced.includes("seal")) {
    imports[`${folder}worker/seal/seal.ts`] = `${folder}tests/seal/unsealed.ts`;
  }
  // The hostile decoder itself uses the real one.
  return { imports, scopes: { [`${folder}tests/seal/`]: { [decode]: decode } } };
}

if (import.meta.main) {
  const [root = "/app", kind = "sealed"] = Deno.args;
  const replaced: Replaced[] = kind === "sealed" ? ["decode"] : ["decode", "seal"];
  console.log(JSON.stringify(testImportMap(root, replaced), null, 2));
}
