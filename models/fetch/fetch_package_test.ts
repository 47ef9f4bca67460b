import { assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import { NO_PROGRESS } from "../../shared/progress.ts";
import { sha256 } from "../../shared/sha256.ts";
import { forever } from "../../tests/support/forever.ts";
import { temporaryFolder } from "../../tests/support/temporary_folder.ts";
import { type FakeRegistry, packageFile, startFakeRegistry } from "./fake_registry.ts";
import { FetchError } from "./fetch_error.ts";
import { fetchPackageFiles } from "./fetch_package.ts";
import type { PackageFile } from "../manifest.ts";

const TEXT = "a model, ".repeat(10_000);
const CONTENTS = {
  "package.json": `{"name": "sample", "version": "1.0.0"}`,
  "model/face.onnx": TEXT,
  "model/other.onnx": "another model",
};
const MODEL = await packageFile("model/face.onnx", TEXT, "model.onnx");
const OTHER = await packageFile("model/other.onnx", "another model", "other.onnx");

/** Prepares a "model": changes its text to upper case. */
const shout = (bytes: Uint8Array): Promise<Uint8Array<ArrayBuffer>> =>
  Promise.resolve(new TextEncoder().encode(new TextDecoder().decode(bytes).toUpperCase()));

/** Makes a folder to fetch into. It records warnings and progress. */
async function createTarget() {
  const folder = await temporaryFolder();
  const warnings: string[] = [];
  const received: number[] = [];
  return {
    folder,
    warnings,
    received,
    fetch(
      registry: FakeRegistry,
      files: readonly PackageFile[],
      { source = registry.source, signal = forever(), stallMs = 10_000 } = {},
    ): Promise<PackageFile[]> {
      const task = NO_PROGRESS.start("", 0, "");
      return fetchPackageFiles(source, files, {
        folder: folder.root,
        npm: { registry: registry.url },
        warn: (sentence) => warnings.push(sentence),
        prepare: shout,
        progress: { start: () => ({ ...task, advance: (bytes) => received.push(bytes) }) },
        stallMs,
        signal,
      });
    },
    names: (): string[] => Array.from(Deno.readDirSync(folder.root), ({ name }) => name).sort(),
    [Symbol.asyncDispose]: () => folder[Symbol.asyncDispose](),
  };
}

Deno.test("only the wanted files of a package are written into the folder", async () => {
  await using registry = await startFakeRegistry(CONTENTS);
  await using target = await createTarget();
  assertEquals(await target.fetch(registry, [MODEL]), [MODEL]);
  assertEquals(target.names(), ["model.onnx"]);
  assertEquals(await Deno.readTextFile(target.folder.path("model.onnx")), TEXT);
  assertEquals(target.warnings, []);
});

Deno.test("progress counts the bytes of the tarball", async () => {
  await using registry = await startFakeRegistry(CONTENTS);
  await using target = await createTarget();
  await target.fetch(registry, [MODEL]);
  const received = target.received.reduce((sum, bytes) => sum + bytes, 0);
  assertEquals(received, registry.source.tarball_bytes);
});

Deno.test("existing files are not fetched again", async () => {
  await using registry = await startFakeRegistry(CONTENTS);
  await using target = await createTarget();
  await target.fetch(registry, [MODEL, OTHER]);
  assertEquals(registry.requests, ["/sample", "/sample.tgz"]);
  assertEquals(await target.fetch(registry, [MODEL, OTHER]), []);
  assertEquals(registry.requests.length, 2);
});

Deno.test("a fetched file is prepared; an unprepared file in the folder is not fetched again", async () => {
  await using registry = await startFakeRegistry(CONTENTS);
  await using target = await createTarget();
  const loud = await shout(new TextEncoder().encode(TEXT));
  const file = { ...MODEL, prepared_sha256: await sha256(loud) };
  const read = () => Deno.readTextFile(target.folder.path("model.onnx"));

  assertEquals(await target.fetch(registry, [file]), [file]);
  assertEquals(await read(), TEXT.toUpperCase());
  assertEquals(await target.fetch(registry, [file]), []);

  await target.folder.write("model.onnx", TEXT);
  assertEquals(await target.fetch(registry, [file]), [file]);
  assertEquals(await read(), TEXT.toUpperCase());
  assertEquals(registry.requests.length, 2);
  assertEquals(target.warnings, []);
});

Deno.test("a prepared file with a wrong sha256 is an error, and no file is written", async () => {
  await using registry = await startFakeRegistry(CONTENTS);
  await using target = await createTarget();
  const file = { ...MODEL, prepared_sha256: "0".repeat(64) };
  await assertRejects(
    () => target.fetch(registry, [OTHER, file]),
    FetchError,
    "The prepared model.onnx is not the file that the manifest describes",
  );
  assertEquals(target.names(), []);
});

Deno.test("a damaged file is replaced; an intact file is not", async () => {
  await using registry = await startFakeRegistry(CONTENTS);
  await using target = await createTarget();
  await target.fetch(registry, [MODEL, OTHER]);
  await target.folder.write("model.onnx", "damaged");
  assertEquals(await target.fetch(registry, [MODEL, OTHER]), [MODEL]);
  assertEquals(await Deno.readTextFile(target.folder.path("model.onnx")), TEXT);
  assertEquals(target.warnings, [
    `${target.folder.root}/model.onnx is not the file that the manifest describes: it will be replaced`,
  ]);
});

Deno.test("a registry that announces an integrity that is not in the manifest is an error", async () => {
  await using registry = await startFakeRegistry(CONTENTS);
  await using target = await createTarget();
  const integrity = `sha512-${"A".repeat(86)}==`;
  await assertRejects(
    () => target.fetch(registry, [MODEL], { source: { ...registry.source, integrity } }),
    FetchError,
    "The tarball of sample@1.0.0 does not have the integrity that is in the manifest",
  );
  assertEquals(target.names(), []);
});

for (const fault of ["another", "truncated"] as const) {
  Deno.test(`a wrong tarball (${fault}) is an error, also when the announced integrity is right`, async () => {
    await using registry = await startFakeRegistry(CONTENTS);
    await using target = await createTarget();
    registry.fault = fault;
    const error = await assertRejects(
      () => target.fetch(registry, [MODEL]),
      FetchError,
      "The tarball of sample@1.0.0 ",
    );
    assertEquals(/damaged|integrity/.test(error.message), true, error.message);
    assertEquals(target.names(), []);
    assertEquals(registry.requests, ["/sample", "/sample.tgz"]);
  });
}

Deno.test("a file with a wrong sha256 is an error, and no file is written", async () => {
  await using registry = await startFakeRegistry(CONTENTS);
  await using target = await createTarget();
  const wrong = { ...MODEL, sha256: "0".repeat(64) };
  const error = await assertRejects(
    () => target.fetch(registry, [OTHER, wrong]),
    FetchError,
    "The file model/face.onnx of sample@1.0.0 is not the one that the manifest describes",
  );
  assertStringIncludes(error.message, MODEL.sha256);
  assertEquals(target.names(), []);
});

Deno.test("the error names a file that is not in the package", async () => {
  await using registry = await startFakeRegistry(CONTENTS);
  await using target = await createTarget();
  await assertRejects(
    () => target.fetch(registry, [OTHER, { ...MODEL, path: "model/none.onnx" }]),
    FetchError,
    "The package sample@1.0.0 does not contain model/none.onnx",
  );
  assertEquals(target.names(), []);
});

Deno.test("the error names a version that the registry does not have", async () => {
  await using registry = await startFakeRegistry(CONTENTS);
  await using target = await createTarget();
  await assertRejects(
    () => target.fetch(registry, [MODEL], { source: { ...registry.source, version: "2.0.0" } }),
    FetchError,
    "The registry does not have sample@2.0.0",
  );
});

Deno.test("a registry that sends nothing for too long is an error", async () => {
  await using registry = await startFakeRegistry(CONTENTS);
  await using target = await createTarget();
  registry.fault = "silent";
  await assertRejects(
    () => target.fetch(registry, [MODEL], { stallMs: 300 }),
    FetchError,
    "The registry that sample@1.0.0 comes from has sent nothing for 0.3 s",
  );
  assertEquals(target.received, [20]);
  assertEquals(target.names(), []);
});

Deno.test("a slow registry is not an error as long as it sends something", async () => {
  await using registry = await startFakeRegistry(CONTENTS);
  await using target = await createTarget();
  registry.fault = "slow";
  // A busy machine makes single pieces late. All of them together take longer in any case.
  assertEquals(await target.fetch(registry, [MODEL], { stallMs: 700 }), [MODEL]);
});

Deno.test("a fetch is retried when the registry is busy", async () => {
  await using registry = await startFakeRegistry(CONTENTS);
  await using target = await createTarget();
  registry.fault = "busy";
  assertEquals(await target.fetch(registry, [MODEL]), [MODEL]);
  assertEquals(registry.requests, ["/sample", "/sample.tgz", "/sample.tgz"]);
});

Deno.test("the error for an unreachable registry says what to check", async () => {
  const registry = await startFakeRegistry(CONTENTS);
  await registry[Symbol.asyncDispose]();
  await using target = await createTarget();
  await assertRejects(
    () => target.fetch(registry, [MODEL]),
    FetchError,
    "The package sample@1.0.0 cannot be fetched (ECONNREFUSED); check the network",
  );
});

Deno.test("a registry that is not a URL gives the same error", async () => {
  await using registry = await startFakeRegistry(CONTENTS);
  await using target = await createTarget();
  await assertRejects(
    () => target.fetch({ ...registry, url: "nonsense" }, [MODEL]),
    FetchError,
    "The package sample@1.0.0 cannot be fetched (Invalid URL: 'nonsense'); check the network",
  );
});

Deno.test("an abort ends the fetch, and the error is the reason of the abort", async () => {
  await using registry = await startFakeRegistry(CONTENTS);
  await using target = await createTarget();
  registry.fault = "silent";
  const stop = new AbortController();
  const fetching = target.fetch(registry, [MODEL], { signal: stop.signal });
  setTimeout(() => stop.abort(new Error("Interrupted")), 200);
  await assertRejects(() => fetching, Error, "Interrupted");
  assertEquals(target.names(), []);
});
