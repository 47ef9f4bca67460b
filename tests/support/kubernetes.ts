/** The cluster that tests may play with, as its administrator sees it: plain REST, nothing of the pool's. */

import { KubeConfig } from "@kubernetes/client-node";
import type { RequestOptions } from "node:https";
import { Agent, request } from "undici";

/** A Kubernetes object. */
// deno-lint-ignore no-explicit-any
export type Thing = any;

/** Calls the API server. */
export class Admin implements AsyncDisposable {
  readonly server: string;
  /** PEM. */
  readonly ca: string;
  readonly #agent: Agent;
  readonly #headers: RequestOptions["headers"];

  private constructor(config: KubeConfig, tls: RequestOptions) {
    this.server = config.getCurrentCluster()!.server;
    this.ca = String(tls.ca);
    const { ca, cert, key, headers } = tls;
    this.#headers = headers;
    this.#agent = new Agent({
      allowH2: false,
      connect: { ca, cert, key } as Agent.Options["connect"] & object,
    });
  }

  /** By KUBECONFIG, or as whom the configuration names. */
  static async connect(config = defaultConfig()): Promise<Admin> {
    const tls: RequestOptions = {};
    await config.applyToHTTPSOptions(tls);
    return new Admin(config, tls);
  }

  /**
   * Makes a call and returns the object that answers it.
   *
   * @throws {Error} with the server's message, unless `allow` names the status
   */
  async call(
    method: "GET" | "POST" | "PUT" | "PATCH" | "DELETE",
    path: string,
    body?: unknown,
    allow: readonly number[] = [],
  ): Promise<Thing> {
    const { statusCode, body: answer } = await request(this.server + path, {
      method,
      dispatcher: this.#agent,
      headers: {
        ...this.#headers as Record<string, string>,
        "Content-Type": method === "PATCH" ? "application/merge-patch+json" : "application/json",
      },
      body: body === undefined ? null : JSON.stringify(body),
    });
    const object: Thing = await answer.json();
    if (statusCode >= 300 && !allow.includes(statusCode)) {
      throw new Error(`${method} ${path}: ${statusCode} ${object.message}`);
    }
    return object;
  }

  /** Everything that happens at `path`, from now on; what is there already comes first. */
  async *watch(path: string, signal: AbortSignal): AsyncGenerator<{ type: string; object: Thing }> {
    const { items, metadata } = await this.call("GET", path);
    for (const object of items) yield { type: "ADDED", object };
    const separator = path.includes("?") ? "&" : "?";
    const { body } = await request(
      `${this.server}${path}${separator}watch=true&resourceVersion=${metadata.resourceVersion}`,
      { dispatcher: this.#agent, signal, bodyTimeout: 0 },
    );
    let rest = "";
    const decoder = new TextDecoder();
    try {
      for await (const chunk of body) {
        const lines = (rest + decoder.decode(chunk, { stream: true })).split("\n");
        rest = lines.pop()!;
        for (const line of lines) if (line !== "") yield JSON.parse(line);
      }
    } catch (error) {
      if (!signal.aborted) throw error;
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#agent.destroy();
  }
}

function defaultConfig(): KubeConfig {
  const config = new KubeConfig();
  config.loadFromDefault();
  return config;
}
