/**
 * Reads files of a published npm package. Import this module only when a file must be fetched. Then
 * a run without a fetch loads no code that could use the network.
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
  /** Longest time without data from the registry, in milliseconds (default: 60,000). */
  readonly stallMs?: number;
  readonly signal?: AbortSignal;
}

/**
 * Fetches the tarball of a package, without its dependencies, and reads files from it. Runs no
 * scripts and uses no cache.
 *
 * @returns The content of each file, by its path in the package
 * @throws {FetchError} when the registry is unreachable or stops sending, when the tarball does not
 * have the integrity of `source`, or when a file is missing or does not have its sha256
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
    // After an abort the stream emits a second error. Without a listener it would be uncaught.
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
      // Converts the error here, inside pacote's call. After an error that looks like damage,
      // pacote would read the user's npm cache and then fetch again.
      throw explain(cause, spec);
    }
  };
  const contents = await watch.during(async (signal) => {
    try {
      return await streamTarball(spec, read, {
        ...options.npm,
        integrity: source.integrity,
        signal,
        // Longer than the watch's time, so that the watch ends the request before pacote does.
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

// pacote has no types.
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
  if (content === undefined) {
    throw new FetchError(`The package ${spec} does not contain ${file.path}`);
  }
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
        `The tarball of ${spec} does not have the integrity that is in the manifest`,
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
    `The package ${spec} cannot be fetched (${code ?? message}); check the network and the ` +
      "proxy, or set NPM_CONFIG_REGISTRY to a registry that you can reach",
    { cause },
  );
}
