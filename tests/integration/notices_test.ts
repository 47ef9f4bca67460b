// Checks that NOTICES.md names all packages of the images that have no licence file of their own.

import { assertEquals } from "@std/assert";
import { join } from "node:path";
import project from "../../deno.json" with { type: "json" };
import manifest from "../../models/manifest.json" with { type: "json" };
import { ROOT } from "../support/checkout.ts";

/** Output of `deno info --json`. */
interface Info {
  readonly modules: readonly { readonly npmPackage?: string }[];
  readonly npmPackages: Readonly<Record<string, NpmPackage>>;
}

interface NpmPackage {
  readonly name: string;
  readonly localPath: string;
  readonly dependencies: readonly string[];
}

const PROGRAMS = [
  "api/main.ts",
  "api/keys/main.ts",
  "api/keys/make_namespaces.ts",
  "gallery/main.ts",
  "gallery/commands/main.ts",
  "worker/main.ts",
  "supervisor/main.ts",
];

/** Packages whose addons and libraries the images load, and that no module imports. */
const ADDONS = ["usearch", "@julusian/jpeg-turbo"] as const;

Deno.test("NOTICES.md names each package of an image that has no licence file", async () => {
  const notices = await Deno.readTextFile(join(ROOT, "NOTICES.md"));
  const missing = new Set<string>();
  for (const { name, folder } of await packagesOf(PROGRAMS)) {
    // Deno does not fetch packages for other systems. The build of an image deletes their libraries.
    if (/linuxmusl/.test(name)) continue;
    const files = await namesIn(folder);
    if (files.length === 0 || files.some((file) => /^(un)?licen[cs]e|^copying/i.test(file))) {
      continue;
    }
    if (!notices.includes(`\`${name.replace(/arm64$/, "x64")}\``)) missing.add(name);
  }
  assertEquals([...missing], []);
});

Deno.test("each image has NOTICES.md, and it names each model", async () => {
  for (const service of ["api", "gallery", "worker"]) {
    const dockerfile = await Deno.readTextFile(join(ROOT, service, "Dockerfile"));
    const last = dockerfile.slice(dockerfile.lastIndexOf("\nFROM "));
    assertEquals(last.includes("\nCOPY NOTICES.md /\n"), true, service);
  }
  const notices = await Deno.readTextFile(join(ROOT, "NOTICES.md"));
  const { package: name, version } = manifest.sources.npm;
  for (const text of [`\`${name}\` ${version}`, manifest.models.recognition.sface.name]) {
    assertEquals(notices.includes(text), true, text);
  }
});

Deno.test("the image of the worker has the text of the Apache licence, where NOTICES.md says", async () => {
  const packages = await packagesOf(["worker/main.ts"]);
  const { folder } = packages.find(({ name }) => name === "sharp")!;
  const text = await Deno.readTextFile(join(folder, "LICENSE"));
  assertEquals(/Apache License\s+Version 2\.0/.test(text), true);
});

/** Returns the packages that programs import, and those that these need. */
async function packagesOf(programs: readonly string[]) {
  const packages = new Map<string, { name: string; folder: string }>();
  for (const program of programs) {
    const info = await infoOf(program);
    const addons = ADDONS.map((name) => project.imports[name].replace(/^npm:/, ""));
    const open = [...info.modules.flatMap(({ npmPackage }) => npmPackage ?? []), ...addons];
    for (let id; (id = open.pop()) !== undefined;) {
      const found = info.npmPackages[id];
      if (found === undefined || packages.has(id)) continue;
      packages.set(id, { name: found.name, folder: found.localPath });
      open.push(...found.dependencies);
    }
  }
  return [...packages.values()];
}

async function infoOf(program: string): Promise<Info> {
  const args = ["info", "--json", join(ROOT, program)];
  const { stdout } = await new Deno.Command(Deno.execPath(), { args, cwd: ROOT }).output();
  return JSON.parse(new TextDecoder().decode(stdout));
}

async function namesIn(folder: string): Promise<string[]> {
  try {
    return (await Array.fromAsync(Deno.readDir(folder))).map(({ name }) => name);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return [];
    throw error;
  }
}
