/**
 * Runs the worker once while its image is built. Deno then writes its caches: the compiled code, and
 * what it found in packages. In a pod, nobody can write them. Imports no package, so that it can
 * have a folder of caches of its own: DENO_DIR=/tmp/build deno run … write_caches.ts FOLDER
 */

const START_MS = 120_000, LOOK_EVERY_MS = 100;
/**
 * Caches of Deno, in the log format of SQLite (WAL). A process that cannot write can read them only
 * if both other files exist, too. They may be empty.
 */
const CACHES = ["v8_code_cache_v2", "node_analysis_cache_v2", "dep_analysis_cache_v2"];
const OTHER_FILES = ["-wal", "-shm"];

const [folder] = Deno.args;
if (folder === undefined) throw new Error("Usage: write_caches.ts FOLDER");
await runWorker(folder);
await completeCaches(folder);

/** Starts the worker, waits until it is ready, and kills it: an orderly end could change the caches. */
async function runWorker(folder: string): Promise<void> {
  const worker = new Deno.Command("deno", {
    args: ["run", "-q", "--frozen", "--cached-only", "-P=worker", "worker/main.ts"],
    env: {
      DENO_DIR: folder,
      HOST: "127.0.0.1",
      PORT: "0",
      GALLERY_MODE: "service",
      WORKER_NAME: "build",
      WORKER_TOKEN_PUBLIC_KEYS: await makePublicKey(),
      LOG_LEVEL: "warn",
    },
    stdin: "null",
    stdout: "piped",
  }).spawn();
  const deadline = AbortSignal.timeout(START_MS);
  const status = worker.status.then(({ code }) => {
    throw new Error(`The worker ended with ${code} before it was ready`);
  });
  const ready = readFirstLine(worker.stdout).then(async (line) => {
    const { listening } = JSON.parse(line);
    while ((await fetch(`${listening}/ready`, { signal: deadline })).status !== 200) {
      await new Promise((resolve) => setTimeout(resolve, LOOK_EVERY_MS));
    }
  });
  await Promise.race([ready, status]);
  status.catch(() => {});
  worker.kill("SIGKILL");
  await worker.status;
}

/** Makes the files without which the caches cannot be read. Fails when there is no cache. */
async function completeCaches(folder: string): Promise<void> {
  for (const cache of CACHES) {
    const { size } = await Deno.stat(`${folder}/${cache}`);
    if (size === 0) throw new Error(`The cache ${cache} is empty`);
    for (const end of OTHER_FILES) {
      await Deno.writeFile(`${folder}/${cache}${end}`, new Uint8Array(), { append: true });
    }
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

async function readFirstLine(stream: ReadableStream<Uint8Array>): Promise<string> {
  const decoder = new TextDecoder();
  let text = "";
  for await (const part of stream) {
    text += decoder.decode(part, { stream: true });
    if (text.includes("\n")) break;
  }
  return text.split("\n")[0]!;
}
