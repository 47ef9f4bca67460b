import { join } from "node:path";
import { assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import { NO_PROGRESS } from "../../shared/progress.ts";
import { sha256 } from "../../shared/sha256.ts";
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

/** Stands for preparing a model. */
const shout = (bytes: Uint8Array): Promise<Uint8Array<ArrayBuffer>> =>
  Promise.resolve(new TextEncoder().encode(new TextDecoder().decode(bytes).toUpperCase()));

/** A folder that is fetched into, and what was said meanwhile. */
class Target implements AsyncDisposable {
  readonly folder = Deno.makeTempDirSync();
  readonly warnings: string[] = [];
  readonly received: number[] = [];

  fetch(
    registry: FakeRegistry,
    files: readonly PackageFile[],
    {
      source = registry.source,
      signal = new AbortController().signal,
      stallMs = 10_000,
      prepare = shout,
    } = {},
  ): Promise<PackageFile[]> {
    const task = NO_PROGRESS.start("", 0, "");
    return fetchPackageFiles(source, files, {
      folder: this.folder,
      npm: { registry: registry.url },
      warn: (sentence) => this.warnings.push(sentence),
      prepare,
      progress: {
        start: () => ({ ...task, advance: (bytes) => this.received.push(bytes) }),
      },
      stallMs,
      signal,
    });
  }

  names(): string[] {
    return Array.from(Deno.readDirSync(this.folder), ({ name }) => name).sort();
  }

  async [Symbol.asyncDispose]() {
    await Deno.remove(this.folder, { recursive: true });
  }
}

Deno.test("the wanted files of a package are put into the folder, and no others", async () => {
  await using registry = await startFakeRegistry(CONTENTS);
  await using target = new Target();
  assertEquals(await target.fetch(registry, [MODEL]), [MODEL]);
  assertEquals(target.names(), ["model.onnx"]);
  assertEquals(await Deno.readTextFile(join(target.folder, "model.onnx")), TEXT);
  assertEquals(target.warnings, []);
});

Deno.test("progress counts the bytes of the tarball", async () => {
  await using registry = await startFakeRegistry(CONTENTS);
  await using target = new Target();
  await target.fetch(registry, [MODEL]);
  const received = target.received.reduce((sum, bytes) => sum + bytes, 0);
  assertEquals(received, registry.source.tarball_bytes);
});

Deno.test("files that are there are not fetched again", async () => {
  await using registry = await startFakeRegistry(CONTENTS);
  await using target = new Target();
  await target.fetch(registry, [MODEL, OTHER]);
  assertEquals(registry.requests, ["/sample", "/sample.tgz"]);
  assertEquals(await target.fetch(registry, [MODEL, OTHER]), []);
  assertEquals(registry.requests.length, 2);
});

Deno.test("a file that is to be prepared is kept prepared, and not fetched again for it", async () => {
  await using registry = await startFakeRegistry(CONTENTS);
  await using target = new Target();
  const loud = await shout(new TextEncoder().encode(TEXT));
  const file = { ...MODEL, prepared_sha256: await sha256(loud) };
  const read = () => Deno.readTextFile(join(target.folder, "model.onnx"));

  assertEquals(await target.fetch(registry, [file]), [file]);
  assertEquals(await read(), TEXT.toUpperCase());
  assertEquals(await target.fetch(registry, [file]), []);

  await Deno.writeTextFile(join(target.folder, "model.onnx"), TEXT);
  assertEquals(await target.fetch(registry, [file]), [file]);
  assertEquals(await read(), TEXT.toUpperCase());
  assertEquals(registry.requests.length, 2);
  assertEquals(target.warnings, []);
});

Deno.test("a file that does not become the one described is refused, and none is kept", async () => {
  await using registry = await startFakeRegistry(CONTENTS);
  await using target = new Target();
  const file = { ...MODEL, prepared_sha256: "0".repeat(64) };
  await assertRejects(() => target.fetch(registry, [OTHER, file]), FetchError, "be prepared");
  assertEquals(target.names(), []);
});

Deno.test("a damaged file is replaced, and only that one", async () => {
  await using registry = await startFakeRegistry(CONTENTS);
  await using target = new Target();
  await target.fetch(registry, [MODEL, OTHER]);
  await Deno.writeTextFile(join(target.folder, "model.onnx"), "damaged");
  assertEquals(await target.fetch(registry, [MODEL, OTHER]), [MODEL]);
  assertEquals(await Deno.readTextFile(join(target.folder, "model.onnx")), TEXT);
  assertEquals(target.warnings, [
    `${target.folder}/model.onnx is not the file that the manifest describes: it will be replaced`,
  ]);
});

Deno.test("a tarball without the pinned integrity is refused, as announced", async () => {
  await using registry = await startFakeRegistry(CONTENTS);
  await using target = new Target();
  const integrity = `sha512-${"A".repeat(86)}==`;
  await assertRejects(
    () => target.fetch(registry, [MODEL], { source: { ...registry.source, integrity } }),
    FetchError,
    "The tarball of sample@1.0.0 does not have the integrity that the manifest pins",
  );
  assertEquals(target.names(), []);
});

for (const fault of ["another", "truncated"] as const) {
  Deno.test(`a tarball that is ${fault} is refused, although the right one is announced`, async () => {
    await using registry = await startFakeRegistry(CONTENTS);
    await using target = new Target();
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

Deno.test("a file with another sha256 is refused, and none is kept", async () => {
  await using registry = await startFakeRegistry(CONTENTS);
  await using target = new Target();
  const wrong = { ...MODEL, sha256: "0".repeat(64) };
  const error = await assertRejects(
    () => target.fetch(registry, [OTHER, wrong]),
    FetchError,
    "The file model/face.onnx of sample@1.0.0 is not the one that the manifest describes",
  );
  assertStringIncludes(error.message, MODEL.sha256);
  assertEquals(target.names(), []);
});

Deno.test("a file that the package does not hold is named", async () => {
  await using registry = await startFakeRegistry(CONTENTS);
  await using target = new Target();
  await assertRejects(
    () => target.fetch(registry, [OTHER, { ...MODEL, path: "model/none.onnx" }]),
    FetchError,
    "The package sample@1.0.0 holds no model/none.onnx",
  );
  assertEquals(target.names(), []);
});

Deno.test("a version that the registry does not have is named", async () => {
  await using registry = await startFakeRegistry(CONTENTS);
  await using target = new Target();
  await assertRejects(
    () => target.fetch(registry, [MODEL], { source: { ...registry.source, version: "2.0.0" } }),
    FetchError,
    "The registry does not have sample@2.0.0",
  );
});

Deno.test("a registry that falls silent is given up on", async () => {
  await using registry = await startFakeRegistry(CONTENTS);
  await using target = new Target();
  registry.fault = "silent";
  await assertRejects(
    () => target.fetch(registry, [MODEL], { stallMs: 300 }),
    FetchError,
    "The registry that sample@1.0.0 comes from has sent nothing for 0.3 s",
  );
  assertEquals(target.received, [20]);
  assertEquals(target.names(), []);
});

Deno.test("a registry that is slow, but never silent for long, is waited for", async () => {
  await using registry = await startFakeRegistry(CONTENTS);
  await using target = new Target();
  registry.fault = "slow";
  assertEquals(await target.fetch(registry, [MODEL], { stallMs: 300 }), [MODEL]);
});

Deno.test("a registry that is busy for a moment is asked again", async () => {
  await using registry = await startFakeRegistry(CONTENTS);
  await using target = new Target();
  registry.fault = "busy";
  assertEquals(await target.fetch(registry, [MODEL]), [MODEL]);
  assertEquals(registry.requests, ["/sample", "/sample.tgz", "/sample.tgz"]);
});

Deno.test("a registry that cannot be reached leaves a sentence that says what to look at", async () => {
  const registry = await startFakeRegistry(CONTENTS);
  await registry[Symbol.asyncDispose]();
  await using target = new Target();
  await assertRejects(
    () => target.fetch(registry, [MODEL]),
    FetchError,
    "The package sample@1.0.0 cannot be fetched (ECONNREFUSED); look at the network",
  );
});

Deno.test("a registry that is no URL leaves such a sentence too", async () => {
  await using registry = await startFakeRegistry(CONTENTS);
  await using target = new Target();
  await assertRejects(
    () => target.fetch({ ...registry, url: "nonsense" }, [MODEL]),
    FetchError,
    "The package sample@1.0.0 cannot be fetched (Invalid URL: 'nonsense'); look at the network",
  );
});

Deno.test("an interruption ends the fetch with its reason", async () => {
  await using registry = await startFakeRegistry(CONTENTS);
  await using target = new Target();
  registry.fault = "silent";
  const stop = new AbortController();
  const fetching = target.fetch(registry, [MODEL], { signal: stop.signal });
  setTimeout(() => stop.abort(new Error("Interrupted")), 200);
  await assertRejects(() => fetching, Error, "Interrupted");
  assertEquals(target.names(), []);
});
