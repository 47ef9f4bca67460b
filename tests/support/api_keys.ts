/** Makes keys of callers, and runs the real service with them. */

import { assert, assertEquals } from "@std/assert";
import { ROOT } from "./checkout.ts";
import { Service } from "./service.ts";

/** The entry of a key in the keys file. */
export interface KeyEntry {
  readonly id: string;
}

/** Runs `deno task key new` with these arguments. */
export async function makeKey(
  ...args: readonly string[]
): Promise<{ readonly key: string; readonly entry: KeyEntry }> {
  const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["task", "-q", "key", "new", ...args],
    cwd: ROOT,
  }).output();
  const [out, err] = [stdout, stderr].map((bytes) => new TextDecoder().decode(bytes));
  assertEquals(code, 0, err);
  const [key] = err!.split("\n") as [string];
  assert(!out!.includes(key.split("_")[2]!), "The entry has the secret");
  return { key, entry: JSON.parse(out!) };
}

/** Returns the content of a keys file. */
export const keysFile = (...keys: readonly KeyEntry[]): string => JSON.stringify({ keys });

/**
 * Starts a service with a keys file, and waits until it is ready.
 *
 * @param path Path of the keys file
 * @param folder Folder of the file, which the service may read
 * @param env More settings of the service
 */
export async function serviceWithKeys(
  path: string,
  folder: string,
  env: Record<string, string> = {},
): Promise<Service> {
  const read = `--allow-read=${folder}`;
  const service = new Service(
    { API_KEYS_PATH: path, ...env },
    ["run", "-q", "-P=api-local", read, "api/main.ts"],
  );
  await service.untilReady();
  return service;
}
