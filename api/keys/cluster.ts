/** Calls the Kubernetes API for the programs that the chart's hooks run. */

import { HttpMethod, KubeConfig, RequestContext } from "@kubernetes/client-node";
import { request } from "undici";
import { delay } from "../../shared/backoff.ts";
import { ClusterCredentials } from "../pool/kubernetes/api_server/credentials.ts";

/** Response of the API server: an object, or a Status for an error. */
export interface ClusterAnswer {
  readonly status: number;
  // deno-lint-ignore no-explicit-any -- any object of Kubernetes
  readonly object: any;
}

/** Error for a call that the API server refuses, or does not answer. Its message is one line. */
export class ClusterError extends Error {
  override readonly name = "ClusterError";
}

const CALL_TIMEOUT_MS = 10_000;
/** The network of a pod can start to work some seconds after the pod. */
const PATIENCE_MS = 60_000;
const PAUSE_MS = 1000;
const MAX_ANSWER_BYTES = 4 * 1024 * 1024;

/** Calls the API server with the account of this pod, or with KUBECONFIG outside of a cluster. */
export class Cluster implements AsyncDisposable {
  readonly #server: string;
  readonly #credentials: ClusterCredentials;

  private constructor(server: string, credentials: ClusterCredentials) {
    this.#server = server;
    this.#credentials = credentials;
  }

  /** @throws {ClusterError} when there are no credentials */
  static async connect(inCluster: boolean): Promise<Cluster> {
    try {
      const config = new KubeConfig();
      if (inCluster) config.loadFromCluster();
      else config.loadFromDefault();
      const server = config.getCurrentCluster()!.server;
      return new Cluster(server, await ClusterCredentials.from(config));
    } catch (cause) {
      throw new ClusterError("There are no usable Kubernetes credentials", { cause });
    }
  }

  /**
   * Makes a call. Tries again for a minute while the API server cannot be reached or is busy.
   *
   * @param allow Statuses of errors that are returned
   * @throws {ClusterError} for every other error
   */
  async call(
    method: "GET" | "POST" | "PUT",
    path: string,
    body?: unknown,
    allow: readonly number[] = [],
  ): Promise<ClusterAnswer> {
    const end = performance.now() + PATIENCE_MS;
    for (;;) {
      let failure: string;
      try {
        const answer = await this.#send(method, path, body);
        if (answer.status < 300 || allow.includes(answer.status)) return answer;
        failure = `${answer.status} ${oneLine(answer.object?.message)}`;
        if (answer.status < 500 && answer.status !== 429) {
          throw new ClusterError(`${method} ${path}: ${failure}`);
        }
      } catch (cause) {
        if (cause instanceof ClusterError) throw cause;
        failure = cause instanceof Error ? oneLine(cause.message) : "no answer";
      }
      if (performance.now() > end) throw new ClusterError(`${method} ${path}: ${failure}`);
      await delay(PAUSE_MS, new AbortController().signal);
    }
  }

  async #send(method: string, path: string, body: unknown): Promise<ClusterAnswer> {
    const url = `${this.#server}${path}`;
    const context = new RequestContext(url, HttpMethod.GET);
    await this.#credentials.applySecurityAuthentication(context);
    const response = await request(url, {
      method,
      headers: { ...context.getHeaders(), "Content-Type": "application/json" },
      body: body === undefined ? null : JSON.stringify(body),
      dispatcher: this.#credentials.agent,
      signal: AbortSignal.timeout(CALL_TIMEOUT_MS),
    });
    let text = "", size = 0;
    const decoder = new TextDecoder();
    for await (const chunk of response.body) {
      size += chunk.byteLength;
      if (size > MAX_ANSWER_BYTES) {
        throw new ClusterError(`${method} ${path}: the answer is too large`);
      }
      text += decoder.decode(chunk, { stream: true });
    }
    let object: unknown;
    try {
      object = JSON.parse(text);
    } catch {
      object = undefined;
    }
    if (response.statusCode < 300 && object === undefined) {
      throw new ClusterError(`${method} ${path}: the answer is not JSON`);
    }
    return { status: response.statusCode, object };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#credentials.agent.destroy();
  }
}

function oneLine(text: unknown): string {
  return typeof text === "string" ? text.replaceAll(/[\p{Cc}\s]+/gu, " ").slice(0, 300) : "";
}
