/** A small file system of its own, for tests of a full disk. */

import { join } from "node:path";
import { temporaryFolder } from "./temporary_folder.ts";

/** A file system in memory. Disposing of it unmounts it. */
export interface SmallDisk extends AsyncDisposable {
  /** Path in the file system. */
  path(name: string): string;
  /** Fills it with the file `ballast` until this number of bytes is left. */
  fill(left: number): void;
  /** Removes the ballast. */
  clear(): void;
}

const STEP = new Uint8Array(4096);

/** Mounts a file system. Only root can: register the test with the need `mounts`. */
export async function smallDisk(bytes: number): Promise<SmallDisk> {
  const folder = await temporaryFolder();
  const mountPoint = folder.path("disk");
  await Deno.mkdir(mountPoint);
  await run("mount", "-t", "tmpfs", "-o", `size=${bytes}`, "face-it", mountPoint);
  const ballast = join(mountPoint, "ballast");
  return {
    path: (name) => join(mountPoint, name),
    fill(left) {
      using file = Deno.openSync(ballast, { create: true, append: true });
      try {
        for (;;) file.writeSync(STEP);
      } catch {
        // It is full.
      }
      file.truncateSync(Math.max(0, file.statSync().size - left));
    },
    clear: () => Deno.removeSync(ballast),
    async [Symbol.asyncDispose]() {
      await run("umount", mountPoint);
      await folder[Symbol.asyncDispose]();
    },
  };
}

async function run(program: string, ...args: string[]): Promise<void> {
  const { success, stderr } = await new Deno.Command(program, { args }).output();
  if (!success) throw new Error(new TextDecoder().decode(stderr));
}
