// Checks the images that `deno task image` builds: their size, and the project's files in them.

import { assert, assertEquals } from "@std/assert";
import { join, relative } from "node:path";
import { fileURLToPath } from "node:url";
import project from "../../deno.json" with { type: "json" };
import { ROOT } from "../support/checkout.ts";
import { findEngine } from "../support/container_engine.ts";
import { needs } from "../support/needs.ts";

/** The images, with the programs that run in each, and parts of the paths of the native addons that they load. */
const IMAGES = [
  {
    service: "api",
    limitBytes: 120e6,
    programs: [
      "api/main.ts",
      "api/try_service.ts",
      "api/keys/main.ts",
      "api/keys/make_namespaces.ts",
    ],
    addons: [],
  },
  {
    service: "gallery",
    limitBytes: 120e6,
    programs: ["gallery/main.ts", "gallery/commands/main.ts"],
    addons: ["/usearch/"],
  },
  {
    service: "worker",
    limitBytes: 150e6,
    programs: [
      "worker/main.ts",
      "supervisor/main.ts",
      "worker/image/split_models.ts",
      "worker/image/write_caches.ts",
    ],
    addons: ["/onnxruntime-node/", "/@img/sharp-", "/usearch/", "/libturbojpeg.so"],
  },
] as const;
/**
 * All programs that the build of an image runs or packs. Images get the whole of shared/ and matching/,
 * so a file there is allowed when any of these programs imports it.
 */
const ALL_PROGRAMS = [...IMAGES.flatMap(({ programs }) => programs), "models/fetch/main.ts"];
/** Files that Deno itself reads. */
const CONFIGURATION = ["deno.json", "deno.lock"];

for (const { service, limitBytes, programs, addons } of IMAGES) {
  const image = `face-it/${service}:${project.version}`;

  needs("images")(`the image of the ${service} has only files of its programs`, async (t) => {
    const engine = findEngine(image);
    const files = (await engine.listFiles(image, "/app")).map((path) => relative("/app", path));
    for (const program of programs) assert(files.includes(program), `${program} is missing`);
    const own = await importedFiles(programs);
    const all = await importedFiles(ALL_PROGRAMS);
    const shared = all.filter((file) => /^(shared|matching)\//.test(file));
    const used = new Set([...CONFIGURATION, ...own, ...shared]);
    // Each file is a step, so the output lists the files.
    for (const file of files) {
      await t.step(file, () => {
        assert(used.has(file), `No program of ${image} imports ${file}: add it to .dockerignore`);
      });
    }
  });

  needs("images")(
    `the image of the ${service} has the addons that it loads, for Linux`,
    async () => {
      const files = await findEngine(image).listFiles(image, "/deno-dir/npm");
      const found = files.filter((path) => /\.node$|\/libturbojpeg\.so/.test(path));
      const missing = addons.filter((name) => !found.some((path) => path.includes(name)));
      assertEquals(missing, []);
      // No addon for another system, nor for Linux with another C library.
      const others = found.filter((path) => !/linux[-/](x64|arm64)\//.test(path));
      assertEquals(others, []);
      // The packages that would build an addon.
      assertEquals(files.filter((path) => path.includes("/cmake-js/")), []);
    },
  );

  needs("images")(`the image of the ${service} has the notices of other software`, async () => {
    assertEquals(await findEngine(image).listFiles(image, "/NOTICES.md"), ["/NOTICES.md"]);
  });

  needs("images")(`the compressed image of the ${service} is small`, async (t) => {
    const bytes = await findEngine(image).compressedBytes(image);
    await t.step(`${bytes} bytes of at most ${limitBytes}`, () => assert(bytes <= limitBytes));
  });
}

/** Returns the project's files that the programs import, as paths in the project's folder. */
async function importedFiles(programs: readonly string[]): Promise<string[]> {
  const files = new Set<string>();
  for (const program of programs) {
    const args = ["info", "--json", join(ROOT, program)];
    const { stdout } = await new Deno.Command(Deno.execPath(), { args, cwd: ROOT }).output();
    const { modules }: { modules: { specifier: string }[] } = JSON.parse(
      new TextDecoder().decode(stdout),
    );
    for (const { specifier } of modules) {
      if (specifier.startsWith("file:")) files.add(relative(ROOT, fileURLToPath(specifier)));
    }
  }
  return [...files];
}
