import { assertEquals } from "@std/assert";
import { createRequire } from "node:module";
import { ANSWERS } from "./sharp_packages.ts";

Deno.test("sharp gets the answers of the packages themselves", () => {
  const require = createRequire(createRequire(import.meta.url).resolve("sharp"));
  const load = (name: keyof typeof ANSWERS) => {
    delete require.cache[require.resolve(name)];
    return require(name);
  };
  const libc = load("detect-libc"), answers = ANSWERS["detect-libc"];
  assertEquals(answers.familySync(), libc.familySync());
  assertEquals(answers.isNonGlibcLinuxSync(), libc.isNonGlibcLinuxSync());
  assertEquals([answers.GLIBC, answers.MUSL], [libc.GLIBC, libc.MUSL]);
  const { libvips } = require("../package.json").config;
  const { version } = load("semver").coerce(libvips);
  assertEquals(ANSWERS.semver.coerce(libvips), { version });
});
