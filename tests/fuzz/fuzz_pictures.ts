/** Sends damaged pictures through the pipeline, in a separate process that may crash. */

import { fileURLToPath } from "node:url";
import { PICTURE_CODES } from "../../shared/contract/picture_problem.ts";
import type { MutantReport } from "./recognize_mutants.ts";

/** Outcomes of all pictures. */
export interface FuzzResult {
  /** Number of pictures with each outcome, including "crash" and "hang". */
  readonly outcomes: ReadonlyMap<string, number>;
  /** Outcomes that are not documented, each with the seed that causes it. */
  readonly failures: readonly { readonly seed: number; readonly outcome: string }[];
  /** Memory of the process after each picture, in order. */
  readonly rssBytes: readonly number[];
}

/** Outcomes that the contract documents. */
const DOCUMENTED: readonly string[] = ["face", ...PICTURE_CODES];
/** Longer than the default of REQUEST_TIMEOUT_MS (10 s), because the machine may be busy. */
const DEADLINE_MS = 60_000;

/**
 * Tries `count` pictures. The seed of the first is `firstSeed`, and each next seed is one higher.
 *
 * @param onProgress Called after each picture with the number of pictures done
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
    // Decoders write their warnings to standard error.
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
      // Writing to a crashed process fails. Ignore this here: `nextLine` notices the crash.
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
        // The process has ended.
      }
      await child.status;
      await output.cancel().catch(() => {});
    },
  };
}
