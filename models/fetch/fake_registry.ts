/** Runs a package registry on loopback that serves one package, for tests. */

import { createHash } from "node:crypto";
import { setTimeout as delay } from "node:timers/promises";
import { create } from "tar";
import { sha256 } from "../../shared/sha256.ts";
import { type FileContent, temporaryFolder } from "../../tests/support/temporary_folder.ts";
import type { PackageFile, PackageSource } from "../manifest.ts";

/**
 * Fault of the response with the tarball.
 *
 * - `truncated` sends half of the tarball.
 * - `another` sends other bytes.
 * - `silent` sends 20 bytes and then nothing.
 * - `slow` sends 20 pieces, one every 50 ms.
 * - `busy` sends status 503 once.
 */
export type TarballFault = "none" | "truncated" | "another" | "silent" | "slow" | "busy";

/** A registry. Its disposal stops the server. */
export interface FakeRegistry extends AsyncDisposable {
  readonly url: string;
  /** The package, as a manifest describes it. */
  readonly source: PackageSource;
  /** Paths of the requests, in order. */
  readonly requests: readonly string[];
  /** Fault of the next responses. */
  fault: TarballFault;
}

/**
 * Starts a registry that serves the package `sample`.
 *
 * @param files Content of each file by its path in the package
 */
export async function startFakeRegistry(files: Record<string, FileContent>): Promise<FakeRegistry> {
  const tarball = await packTarball(files);
  const integrity = `sha512-${createHash("sha512").update(tarball).digest("base64")}`;
  const requests: string[] = [];
  const server = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen: () => {} }, (request) => {
    const { pathname } = new URL(request.url);
    requests.push(pathname);
    if (pathname === "/sample") return Response.json(packument(registry.url, integrity));
    if (pathname !== "/sample.tgz") return new Response(null, { status: 404 });
    if (registry.fault === "busy") {
      registry.fault = "none";
      return new Response(null, { status: 503 });
    }
    return new Response(tarballBody(tarball, registry.fault));
  });
  const registry: FakeRegistry = {
    url: `http://127.0.0.1:${server.addr.port}`,
    source: {
      package: "sample",
      version: "1.0.0",
      licence: "MIT",
      integrity,
      tarball_bytes: tarball.length,
    },
    requests,
    fault: "none",
    [Symbol.asyncDispose]: () => server.shutdown(),
  };
  return registry;
}

/** Describes a file of the package, as a manifest does. */
export async function packageFile(
  path: string,
  content: FileContent,
  file: string,
): Promise<PackageFile> {
  const bytes = encode(content);
  return { path, file, bytes: bytes.length, sha256: await sha256(bytes) };
}

const encode = (content: FileContent): Uint8Array<ArrayBuffer> =>
  typeof content === "string" ? new TextEncoder().encode(content) : new Uint8Array(content);

function packument(url: string, integrity: string) {
  const dist = { tarball: `${url}/sample.tgz`, integrity };
  return {
    name: "sample",
    "dist-tags": { latest: "1.0.0" },
    versions: { "1.0.0": { name: "sample", version: "1.0.0", dist } },
  };
}

function tarballBody(tarball: Uint8Array<ArrayBuffer>, fault: TarballFault): BodyInit {
  switch (fault) {
    case "none":
    case "busy":
      return tarball;
    case "truncated":
      return tarball.slice(0, tarball.length / 2);
    case "another":
      return new TextEncoder().encode("another");
    case "silent":
      return new ReadableStream({
        start: (controller) => controller.enqueue(tarball.slice(0, 20)),
      });
    case "slow":
      return ReadableStream.from(slowly(tarball, 20));
  }
}

async function* slowly(bytes: Uint8Array<ArrayBuffer>, pieces: number) {
  const size = Math.ceil(bytes.length / pieces);
  for (let start = 0; start < bytes.length; start += size) {
    await delay(50);
    yield bytes.slice(start, start + size);
  }
}

/** Packs files into a gzipped tarball, as npm does. */
export async function packTarball(
  files: Record<string, FileContent>,
): Promise<Uint8Array<ArrayBuffer>> {
  await using folder = await temporaryFolder();
  for (const [path, content] of Object.entries(files)) {
    await folder.write(`package/${path}`, content);
  }
  const file = folder.path("sample.tgz");
  await create({ gzip: true, portable: true, cwd: folder.root, file }, ["package"]);
  return await Deno.readFile(file);
}
