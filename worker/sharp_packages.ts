/**
 * Answers two questions that sharp asks when it is loaded: which C library this system has, and how a
 * version is written. It asks two packages of 50 files. One of them tries to start a program, and to
 * read files that a worker may not read. To load them takes a twentieth of a worker's start.
 */

import { createRequire } from "node:module";

const { target } = Deno.build;
/** null on systems other than Linux. */
const libc = target.endsWith("-gnu") ? "glibc" : target.endsWith("-musl") ? "musl" : null;

/** The parts of the packages that sharp uses when it is loaded. */
export const ANSWERS = {
  "detect-libc": {
    GLIBC: "glibc",
    MUSL: "musl",
    familySync: () => libc,
    isNonGlibcLinuxSync: () => libc === "musl",
  },
  // sharp gives it a text like ">=1.2.3".
  semver: { coerce: (text: string) => ({ version: text.replace(/^\D+/, "") }) },
} as const;

const require = createRequire(createRequire(import.meta.url).resolve("sharp"));
for (const [name, exports] of Object.entries(ANSWERS)) {
  const id = require.resolve(name);
  require.cache[id] ??= { id, exports, loaded: true } as unknown as NodeJS.Module;
}
