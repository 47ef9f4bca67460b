/**
 * Runs the programs of the worker's image once while it is built. Deno then writes its caches: the
 * compiled code, and what it found in packages. In a pod, nobody can write them. Imports no package, so
 * that it can have a folder of caches of its own: DENO_DIR=/tmp/build deno run … write_caches.ts FOLDER
 */

import { DatabaseSync } from "node:sqlite";
import { abortable } from "../../shared/abortable.ts";

const START_MS = 120_000, LOOK_EVERY_MS = 100;
/**
 * Caches of Deno. SQLite keeps them in the format WAL. A process that cannot write can read them only
 * while the files -wal and -shm exist as they were. An orderly end can remove them.
 */
const CACHES = ["v8_code_cache_v2", "node_analysis_cache_v2", "dep_analysis_cache_v2"];

const [folder] = Deno.args;
if (folder === undefined) throw new Error("Usage: write_caches.ts FOLDER");
const publicKey = await makePublicKey();
// The supervisor is first: it ends in an order, and can remove the files that a reader needs.
await runSupervisor(folder);
checkCode(folder, "/supervisor/main.ts");
await runWorker(folder);
await checkCaches(folder);

/** Starts a program of the image. */
function start(
  folder: string,
  program: string,
  flags: readonly string[],
  logLevel: string,
  env: Readonly<Record<string, string>> = {},
): Deno.ChildProcess {
  return new Deno.Command("deno", {
    args: ["run", "-q", "--frozen", "--cached-only", ...flags, program],
    env: {
      DENO_DIR: folder,
      HOST: "127.0.0.1",
      PORT: "0",
      GALLERY_MODE: "service",
      WORKER_NAME: "build",
      WORKER_TOKEN_PUBLIC_KEYS: publicKey,
      LOG_LEVEL: logLevel,
      ...env,
    },
    stdin: "null",
    stdout: "piped",
  }).spawn();
}

/**
 * Runs the supervisor until it ends by itself, because its workers end. Deno writes its compiled code
 * while it waits for them: without the right to start workers, it would end before.
 */
async function runSupervisor(folder: string): Promise<void> {
  const run = `--allow-run=${Deno.execPath()}`;
  const supervisor = start(folder, "supervisor/main.ts", ["-P=supervisor", run], "silent", {
    // A build may lack what seals a worker, so the workers end before they seal themselves.
    MODEL_PATH: "/no/model.onnx",
  });
  try {
    const line = abortable(readFirstLine(supervisor.stdout), AbortSignal.timeout(START_MS));
    if (await line === undefined) throw new Error("The supervisor ended before it listened");
    await abortable(supervisor.status, AbortSignal.timeout(START_MS));
  } finally {
    kill(supervisor);
  }
  await supervisor.status;
}

/** Kills a program, which may have ended already. */
function kill(program: Deno.ChildProcess): void {
  try {
    program.kill("SIGKILL");
  } catch (error) {
    // Deno throws a TypeError when the program has ended.
    if (!(error instanceof TypeError)) throw error;
  }
}

/** Starts the worker, waits until it is ready, and kills it. */
async function runWorker(folder: string): Promise<void> {
  const worker = start(folder, "worker/main.ts", ["-P=worker"], "warn");
  const deadline = AbortSignal.timeout(START_MS);
  const status = worker.status.then(({ code }) => {
    throw new Error(`The worker ended with ${code} before it was ready`);
  });
  const ready = readFirstLine(worker.stdout).then(async (line) => {
    if (line === undefined) return await status;
    const { listening } = JSON.parse(line);
    for (;;) {
      deadline.throwIfAborted();
      // A worker that ends may refuse the request. Then its exit code is the error.
      const answer = await fetch(`${listening}/ready`, { signal: deadline }).catch(() => {});
      if (answer?.status === 200) return;
      await new Promise((resolve) => setTimeout(resolve, LOOK_EVERY_MS));
    }
  });
  status.catch(() => {});
  try {
    await abortable(Promise.race([ready, status]), deadline);
  } finally {
    kill(worker);
  }
  await worker.status;
}

/** @throws {Error} when a cache, or a file that a reader needs, is missing */
async function checkCaches(folder: string): Promise<void> {
  for (const cache of CACHES) {
    for (const end of ["", "-wal", "-shm"]) {
      const { size } = await Deno.stat(`${folder}/${cache}${end}`);
      // The log is empty when the run has added nothing.
      if (size === 0 && end !== "-wal") throw new Error(`${cache}${end} is empty`);
    }
  }
}

/**
 * Checks that the caches have the compiled code of a module.
 *
 * @throws {Error} when it is missing
 */
function checkCode(folder: string, path: string): void {
  using cache = new DatabaseSync(`${folder}/v8_code_cache_v2`, { readOnly: true });
  const rows = cache.prepare("SELECT specifier FROM codecache").all();
  if (!rows.some(({ specifier }) => String(specifier).endsWith(path))) {
    throw new Error(`The caches lack the code of ${path}`);
  }
}

async function makePublicKey(): Promise<string> {
  const { publicKey } = await crypto.subtle.generateKey("Ed25519", true, [
    "sign",
    "verify",
  ]) as CryptoKeyPair;
  const spki = new Uint8Array(await crypto.subtle.exportKey("spki", publicKey)).toBase64();
  return `-----BEGIN PUBLIC KEY-----\n${spki}\n-----END PUBLIC KEY-----\n`;
}

async function readFirstLine(stream: ReadableStream<Uint8Array>): Promise<string | undefined> {
  const decoder = new TextDecoder();
  let text = "";
  for await (const part of stream) {
    text += decoder.decode(part, { stream: true });
    if (text.includes("\n")) break;
  }
  return text === "" ? undefined : text.split("\n")[0];
}
