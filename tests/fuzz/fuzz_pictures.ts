/** Sends damaged pictures through the pipeline, in a process of its own that may die of them. */

import { fileURLToPath } from "node:url";
import type { MutantReport } from "./recognize_mutants.ts";

/** What came of all pictures. */
export interface FuzzResult {
  /** How often each outcome came; "crash" and "hang" among them. */
  readonly outcomes: ReadonlyMap<string, number>;
  /** Outcomes that are not documented, each with the seed that brings it about. */
  readonly failures: readonly { readonly seed: number; readonly outcome: string }[];
  /** Memory of the process after each picture, in order. */
  readonly rssBytes: readonly number[];
}

/** What the pipeline may say to a picture. */
const DOCUMENTED = [
  "face",
  "invalid_image",
  "payload_too_large",
  "unsupported_media_type",
  "no_face",
  "multiple_faces",
  "face_too_small",
];
/** The default of REQUEST_TIMEOUT_MS is 10 s; two cores that others use as well need a while. */
const DEADLINE_MS = 60_000;

/**
 * Tries `count` pictures, the seeds from `firstSeed` on.
 *
 * @param onProgress Is told how many are done
 */
export async function fuzzPictures(
  firstSeed: number,
  count: number,
  onProgress: (done: number) => void = () => {},
): Promise<FuzzResult> {
  const outcomes = new Map<string, number>();
  const failures: { seed: number; outcome: string }[] = [];
  const rssBytes: number[] = [];
  let recognizer = startRecognizer();
  await using cleanup = new AsyncDisposableStack();
  cleanup.defer(() => recognizer[Symbol.asyncDispose]());
  for (let seed = firstSeed; seed < firstSeed + count; seed++) {
    const outcome = await recognizer.recognize(seed);
    if (typeof outcome === "string") {
      await recognizer[Symbol.asyncDispose]();
      recognizer = startRecognizer();
    } else {
      rssBytes.push(outcome.rssBytes);
    }
    const name = typeof outcome === "string" ? outcome : outcome.outcome;
    outcomes.set(name, (outcomes.get(name) ?? 0) + 1);
    if (!DOCUMENTED.includes(name)) failures.push({ seed, outcome: name });
    onProgress(seed - firstSeed + 1);
  }
  return { outcomes, failures, rssBytes };
}

interface Recognizer extends AsyncDisposable {
  recognize(seed: number): Promise<MutantReport | "crash" | "hang">;
}

function startRecognizer(): Recognizer {
  const child = new Deno.Command(Deno.execPath(), {
    args: ["run", "-q", "-P=tool", fileURLToPath(import.meta.resolve("./recognize_mutants.ts"))],
    cwd: fileURLToPath(new URL("../..", import.meta.url)),
    stdin: "piped",
    stdout: "piped",
    // What a decoder complains about.
    stderr: "null",
  }).spawn();
  const input = child.stdin.getWriter();
  const output = child.stdout.pipeThrough(new TextDecoderStream()).getReader();
  const nextLine = async (): Promise<string | undefined> => {
    for (let line = "";;) {
      const { done, value } = await output.read();
      if (done) return undefined;
      line += value;
      if (line.endsWith("\n")) return line;
    }
  };
  return {
    async recognize(seed) {
      // A process that has died cannot be written to; that it gives no line tells as much.
      await input.write(new TextEncoder().encode(`${seed}\n`)).catch(() => {});
      let timer: ReturnType<typeof setTimeout> | undefined;
      const deadline = new Promise<"hang">((resolve) => {
        timer = setTimeout(() => resolve("hang"), DEADLINE_MS);
      });
      const line = await Promise.race([nextLine(), deadline]);
      clearTimeout(timer);
      if (line === "hang") return "hang";
      return line === undefined ? "crash" : JSON.parse(line);
    },
    async [Symbol.asyncDispose]() {
      await input.close().catch(() => {});
      try {
        child.kill("SIGKILL");
      } catch {
        // It has ended.
      }
      await child.status;
      await output.cancel().catch(() => {});
    },
  };
}
