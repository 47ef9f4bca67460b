/** A package registry on loopback that serves one package, for tests. */

import { createHash } from "node:crypto";
import { dirname, join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { create } from "tar";
import { sha256 } from "../../shared/sha256.ts";
import type { PackageFile, PackageSource } from "../manifest.ts";

/**
 * How a {@linkcode FakeRegistry} treats requests for the tarball: `silent` sends 20 bytes and no
 * more, `slow` sends eight pieces, one in 50 ms, `busy` answers 503 once and is well then.
 */
export type TarballFault = "none" | "truncated" | "another" | "silent" | "slow" | "busy";

/** The registry; disposing of it stops the server. */
export interface FakeRegistry extends AsyncDisposable {
  readonly url: string;
  /** The package that it serves, as a manifest describes it. */
  readonly source: PackageSource;
  /** Paths that were asked for, in order. */
  readonly requests: readonly string[];
  /** What goes wrong with the tarball from now on. */
  fault: TarballFault;
}

/**
 * Serves a package of the given files.
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

/** Text, or bytes. */
export type FileContent = string | Uint8Array<ArrayBuffer>;

/** A file of the package, as a manifest describes it. */
export async function packageFile(
  path: string,
  content: FileContent,
  file: string,
): Promise<PackageFile> {
  const bytes = bytesOf(content);
  return { path, file, bytes: bytes.length, sha256: await sha256(bytes) };
}

const bytesOf = (content: FileContent): Uint8Array<ArrayBuffer> =>
  typeof content === "string" ? new TextEncoder().encode(content) : content;

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
      return ReadableStream.from(slowly(tarball, 8));
  }
}

async function* slowly(bytes: Uint8Array<ArrayBuffer>, pieces: number) {
  const size = Math.ceil(bytes.length / pieces);
  for (let start = 0; start < bytes.length; start += size) {
    await delay(50);
    yield bytes.slice(start, start + size);
  }
}

/** The gzipped tarball of a package of the given files, as npm packs it. */
export async function packTarball(
  files: Record<string, FileContent>,
): Promise<Uint8Array<ArrayBuffer>> {
  const folder = await Deno.makeTempDir();
  for (const [path, content] of Object.entries(files)) {
    await Deno.mkdir(join(folder, "package", dirname(path)), { recursive: true });
    await Deno.writeFile(join(folder, "package", path), bytesOf(content));
  }
  const file = join(folder, "sample.tgz");
  await create({ gzip: true, portable: true, cwd: folder, file }, ["package"]);
  const tarball = await Deno.readFile(file);
  await Deno.remove(folder, { recursive: true });
  return tarball;
}
