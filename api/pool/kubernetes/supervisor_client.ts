/** Calls to the supervisor of a pod: its free processes, and the end of one. */

import {
  MAX_FREE_LINE,
  PROCESSES_PATH,
  readFreeProcesses,
} from "../../../shared/contract/pod_processes.ts";
import { PROBLEMS } from "../../../shared/contract/problem.ts";
import type { SigningKeys } from "../../../shared/http/token_keys.ts";
import { signWorkerToken } from "../../../shared/http/worker_token.ts";
import type { LeasedWorker } from "../../../shared/pool/pool.ts";
import { startTimeLimit } from "../../../shared/time_limit.ts";

/** Calls supervisors. */
export interface SupervisorClient {
  /**
   * Tells the names of a pod's free processes now and after each change. Ends when the pod takes no
   * more requests.
   *
   * @throws {SupervisorUnreached} when no connection was made
   * @throws when the connection breaks, or an answer is not as documented
   * @throws the signal's reason
   */
  free(pod: LeasedWorker, signal: AbortSignal): AsyncIterable<readonly string[]>;
  /**
   * Ends a process that will get no request.
   *
   * @param worker The process, by the name and address that requests to it have
   * @throws when the supervisor does not answer
   */
  end(pod: LeasedWorker, process: string, worker: LeasedWorker): Promise<void>;
}

/** Error for a supervisor with which no connection was made. The network may not be ready yet. */
export class SupervisorUnreached extends Error {
  override readonly name = "SupervisorUnreached";
}

const TIMEOUT_MS = 2000;

/** Makes a client that signs each call with the first of `keys()`. */
export function createSupervisorClient(keys: () => SigningKeys): SupervisorClient {
  const authorization = (name: string) => ({
    Authorization: `Bearer ${signWorkerToken(keys(), name)}`,
  });
  return {
    async *free(pod, signal) {
      const response = await connect(
        new URL(PROCESSES_PATH, pod.url),
        authorization(pod.name),
        signal,
      );
      if (!response.ok || response.body === null) {
        await response.body?.cancel();
        throw new Error(`The supervisor answered ${response.status}`);
      }
      yield* readLines(response.body);
    },
    async end({ url }, process, worker) {
      const response = await fetch(new URL(`${PROCESSES_PATH}/${process}`, url), {
        method: "DELETE",
        headers: authorization(worker.name),
        signal: AbortSignal.timeout(TIMEOUT_MS),
      });
      await response.body?.cancel();
      // A supervisor does not know a process that has ended.
      if (!response.ok && response.status !== PROBLEMS.worker_used.status) {
        throw new Error(`The supervisor answered ${response.status}`);
      }
    },
  };
}

/** Sends a GET. The answer's headers have a deadline, its body has none. */
async function connect(url: URL, headers: HeadersInit, signal: AbortSignal): Promise<Response> {
  using limit = startTimeLimit(TIMEOUT_MS);
  try {
    return await fetch(url, { headers, signal: AbortSignal.any([signal, limit.signal]) });
  } catch (cause) {
    signal.throwIfAborted();
    throw new SupervisorUnreached("The supervisor cannot be reached", { cause });
  }
}

async function* readLines(body: ReadableStream<Uint8Array<ArrayBuffer>>) {
  let rest = "";
  for await (const text of body.pipeThrough(new TextDecoderStream())) {
    const lines = (rest + text).split("\n");
    rest = lines.pop()!;
    if (rest.length > MAX_FREE_LINE) throw new Error("The supervisor's line is too long");
    for (const line of lines) {
      const free = readFreeProcesses(line);
      if (free === undefined) throw new Error("The supervisor's line is not as documented");
      yield free;
    }
  }
}
