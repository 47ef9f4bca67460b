import { assert, assertEquals, assertRejects } from "@std/assert";
import { sha256 } from "../../shared/sha256.ts";
import { LOCAL_PATHS } from "../../shared/local_paths.ts";
import { temporaryFolder } from "../../tests/support/temporary_folder.ts";
import { ModelFile, OtherFilesError } from "./model_file.ts";
import { ModelError, openSession } from "./session.ts";

/** A text `location` that is the first field of something. */
const LOCATION = [...new TextEncoder().encode("\n\x08location")];

Deno.test("the sha256 is that of all bytes, for files of any size", async () => {
  for (const size of [0, 1, 1024 * 1024, 3 * 1024 * 1024 + 1]) {
    const bytes = Uint8Array.from({ length: size }, (_, i) => i % 251);
    await using folder = await temporaryFolder({ model: bytes });
    assertEquals((await ModelFile.read(folder.path("model"))).sha256, await sha256(bytes));
  }
});

Deno.test("a model whose weights are in other files is refused, wherever it says so", async () => {
  const part = 1024 * 1024;
  const places = [0, 2 * part - 1, ...Array.from({ length: 16 }, (_, i) => part - 15 + i)];
  // An entry of `external_data`. The length of a long one has two bytes.
  for (const start of [[0x6a, 26], [0x6a, 0x84, 0x01]]) {
    for (const at of places) {
      const bytes = new Uint8Array(2 * part + 100);
      bytes.set([...start, ...LOCATION], at);
      await using folder = await temporaryFolder({ model: bytes });
      await assertRejects(() => ModelFile.read(folder.path("model")), OtherFilesError);
    }
  }
});

Deno.test("a model with a tensor named location is not refused", async () => {
  const name = (text: string) => [0x0a, text.length, ...new TextEncoder().encode(text)];
  for (
    const bytes of [
      LOCATION,
      [...name("jpeg"), ...LOCATION, ...name("scale")],
      // A node, and the declaration of a value.
      [0x0a, 16, ...name("loc"), ...LOCATION, 0x12, 1, 0x78],
      [0x5a, 12, ...LOCATION, 0x12, 0],
    ]
  ) {
    await using folder = await temporaryFolder({ model: Uint8Array.from(bytes) });
    await ModelFile.read(folder.path("model"));
  }
});

Deno.test("a session from a file gives the same numbers as one from its bytes", async () => {
  const model = await ModelFile.read(LOCAL_PATHS.recognition);
  await using fromFile = await openSession(model, "recognition");
  await using fromBytes = await openSession(
    await Deno.readFile(LOCAL_PATHS.recognition),
    "recognition",
  );
  const face = Float32Array.from({ length: 3 * 112 * 112 }, (_, i) => Math.sin(i));
  const shape = [1, 3, 112, 112];
  assertEquals(await fromFile.run(face, shape), await fromBytes.run(face, shape));
});

Deno.test("a file that changed after its sha256 was computed is refused", async () => {
  const content = await Deno.readFile(LOCAL_PATHS.landmarks);
  await using folder = await temporaryFolder({ model: content, other: content });
  const path = folder.path("model");
  const changes = [
    () => Deno.writeFile(path, content),
    () => Deno.rename(folder.path("other"), path),
  ];
  for (const change of changes) {
    // The clock of a file system can be too coarse for two changes at once.
    await Deno.utime(path, 0, 0);
    const model = await ModelFile.read(path);
    assert(await model.isUnchanged());
    await change();
    await assertRejects(
      () => openSession(model, "landmark"),
      ModelError,
      `The landmark model ${path} changed while it was loaded`,
    );
  }
});

Deno.test("the error of a file that is no model has no path, as with its bytes", async () => {
  await using folder = await temporaryFolder({ model: "no model" });
  const model = await ModelFile.read(folder.path("model"));
  const error = await assertRejects(() => openSession(model, "test"), ModelError);
  assertEquals(error.message, "The test model cannot be loaded");
});
