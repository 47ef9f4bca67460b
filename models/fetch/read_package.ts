/**
 * Reads files out of a published npm package. Imported only when there is something to fetch: a
 * start that finds everything in place loads nothing that could reach the network.
 */

import pacote from "pacote";
import type { Progress } from "../../shared/progress.ts";
import { sha256 } from "../../shared/sha256.ts";
import { FetchError } from "./fetch_error.ts";
import type { PackageFile, PackageSource } from "../manifest.ts";
import type { NpmEnvironment } from "./npm_environment.ts";
import { readTarball } from "./read_tarball.ts";
import { StallWatch } from "./stall_watch.ts";

/** Settings of {@linkcode readPackageFiles}. */
export interface ReadPackageOptions {
  readonly npm: NpmEnvironment;
  readonly progress: Progress;
  /** How long the registry may be silent, in milliseconds; a minute unless told. */
  readonly stallMs?: number;
  readonly signal?: AbortSignal;
}

/**
 * Fetches a package's tarball, and only that: no dependencies, no scripts, no cache.
 *
 * @returns The content of each of `files`, by its path in the package
 * @throws {FetchError} when the registry cannot be reached or falls silent, when the tarball is not
 * the one that `source` pins, or when one of the files is missing or not the one that is described
 */
export async function readPackageFiles(
  source: PackageSource,
  files: readonly PackageFile[],
  options: ReadPackageOptions,
): Promise<Map<string, Uint8Array<ArrayBuffer>>> {
  const spec = `${source.package}@${source.version}`;
  using task = options.progress.start(`Fetching ${spec}`, source.tarball_bytes, "bytes");
  const stallMs = options.stallMs ?? 60_000;
  using watch = new StallWatch(`The registry that ${spec} comes from`, stallMs, options.signal);
  const wanted = new Set(files.map(({ path }) => path));
  const read = async (stream: TarballStream) => {
    // An abort makes it fail twice: of the second time nobody else would hear.
    stream.on("error", () => {});
    const received = async function* () {
      for await (const chunk of stream) {
        watch.heard();
        task.advance(chunk.length);
        yield chunk;
      }
    };
    try {
      return await readTarball(received(), wanted);
    } catch (cause) {
      // In our words here already: what pacote takes for damage it would fetch again, after looking
      // for it in the npm cache of the user.
      throw explain(cause, spec);
    }
  };
  const contents = await watch.during(async (signal) => {
    try {
      return await streamTarball(spec, read, {
        ...options.npm,
        integrity: source.integrity,
        signal,
        // Longer than the watch, which decides.
        timeout: 2 * stallMs,
        fetchRetries: 2,
        fetchRetryFactor: 2,
        fetchRetryMintimeout: 250,
        fetchRetryMaxtimeout: 2_000,
      });
    } catch (cause) {
      throw explain(cause, spec);
    }
  });
  for (const file of files) await check(file, contents.get(file.path), spec);
  task.end();
  return contents;
}

interface TarballStream extends AsyncIterable<Uint8Array> {
  on(event: "error", listener: (error: Error) => void): void;
}

// The package has no types.
const streamTarball: <T>(
  spec: string,
  handler: (stream: TarballStream) => Promise<T>,
  options: Record<string, unknown>,
) => Promise<T> = pacote.tarball.stream;

async function check(
  file: PackageFile,
  content: Uint8Array<ArrayBuffer> | undefined,
  spec: string,
): Promise<void> {
  if (content === undefined) throw new FetchError(`The package ${spec} holds no ${file.path}`);
  const actual = await sha256(content);
  if (content.length === file.bytes && actual === file.sha256) return;
  throw new FetchError(
    `The file ${file.path} of ${spec} is not the one that the manifest describes: ` +
      `it has ${content.length} bytes and the sha256 ${actual}`,
  );
}

function explain(cause: unknown, spec: string): FetchError {
  if (cause instanceof FetchError) return cause;
  const { code, message } = cause as Error & { code?: string };
  switch (code) {
    case "EINTEGRITY":
      return new FetchError(
        `The tarball of ${spec} does not have the integrity that the manifest pins`,
        { cause },
      );
    case "E404":
    case "ETARGET":
      return new FetchError(`The registry does not have ${spec}`, { cause });
    case "TAR_BAD_ARCHIVE":
    case "TAR_ENTRY_INVALID":
    case "Z_BUF_ERROR":
    case "Z_DATA_ERROR":
      return new FetchError(`The tarball of ${spec} is damaged; try again`, { cause });
  }
  return new FetchError(
    `The package ${spec} cannot be fetched (${code ?? message}); look at the network and the ` +
      "proxy, or name a registry that can be reached in NPM_CONFIG_REGISTRY",
    { cause },
  );
}
