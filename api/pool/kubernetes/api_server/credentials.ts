/** Credentials for the Kubernetes API, and the connections that use them. */

import {
  HttpMethod,
  KubeConfig,
  RequestContext,
  type SecurityAuthentication,
} from "@kubernetes/client-node";
import type { RequestOptions } from "node:https";
import { Agent } from "undici";

const CONNECT_TIMEOUT_MS = 2000;
/** Time that an idle connection stays open. */
const KEEP_ALIVE_MS = 60_000;
/** Limit of connections; further calls wait. Hundreds of handshakes together would all be slow. */
const CONNECTIONS = 32;
/** Age at which the credentials are read again. The library reads a token file once a minute. */
const MAX_AGE_MS = 10_000;

/**
 * Credentials for calls that share one agent, so that connections stay open. Without this agent,
 * the client library opens a connection for each call.
 */
export class ClusterCredentials implements SecurityAuthentication {
  #config: KubeConfig;
  /** undefined until the credentials are read for the first time. */
  #headers: Readonly<Record<string, string>> | undefined;
  #readAt = -Infinity;
  #tls: string;
  #agent: Agent;
  /** Agents with old certificates whose calls have not ended yet. */
  readonly #old = new Set<Agent>();

  private constructor(config: KubeConfig, tls: Tls) {
    this.#config = copyOf(config);
    this.#tls = JSON.stringify(tls);
    this.#agent = makeAgent(tls);
  }

  /** Reads a configuration. Its files, a token and certificates, are read again later. */
  static async from(config: KubeConfig): Promise<ClusterCredentials> {
    return new ClusterCredentials(config, await readTls(config));
  }

  /** Connections of the latest certificates. */
  get agent(): Agent {
    return this.#agent;
  }

  getName(): string {
    return "kubeconfig";
  }

  async applySecurityAuthentication(context: RequestContext): Promise<void> {
    if (performance.now() - this.#readAt > MAX_AGE_MS) await this.#read(context.getUrl());
    for (const [name, value] of Object.entries(this.#headers ?? {})) {
      context.setHeaderParam(name, value);
    }
    context.setDispatcher(this.agent);
  }

  /** Makes the next call read the credentials again, because the server has refused them. */
  renew(): void {
    // The client library caches the token in its configuration; a copy has no cache.
    this.#config = copyOf(this.#config);
    this.#readAt = -Infinity;
  }

  /** Breaks all connections. */
  async destroy(): Promise<void> {
    await Promise.all([this.#agent, ...this.#old].map((agent) => agent.destroy()));
  }

  async #read(url: string): Promise<void> {
    try {
      const context = new RequestContext(url, HttpMethod.GET);
      await this.#config.applySecurityAuthentication(context);
      this.#useTls(await readTls(this.#config));
      this.#headers = context.getHeaders();
    } catch (error) {
      // While a file is replaced it may be missing. What was read last stays in use.
      if (this.#headers === undefined) throw error;
    }
    this.#readAt = performance.now();
  }

  /** Opens new connections when the certificates have changed. Calls on the old ones may end. */
  #useTls(tls: Tls): void {
    const text = JSON.stringify(tls);
    if (text === this.#tls) return;
    const old = this.#agent;
    this.#tls = text;
    this.#agent = makeAgent(tls);
    this.#old.add(old);
    void old.close().catch(() => {}).finally(() => this.#old.delete(old));
  }
}

/** Certificates of the cluster and the client, and how they are checked. */
type Tls = Pick<RequestOptions, "ca" | "cert" | "key" | "servername" | "rejectUnauthorized">;

async function readTls(config: KubeConfig): Promise<Tls> {
  const options: RequestOptions = {};
  await config.applyToHTTPSOptions(options);
  const { ca, cert, key, servername, rejectUnauthorized } = options;
  const tls = { ca, cert, key, servername, rejectUnauthorized };
  return Object.fromEntries(Object.entries(tls).filter(([, value]) => value !== undefined));
}

function makeAgent(tls: Tls): Agent {
  return new Agent({
    allowH2: false,
    connections: CONNECTIONS,
    keepAliveTimeout: KEEP_ALIVE_MS,
    connect: { ...tls, timeout: CONNECT_TIMEOUT_MS } as Agent.Options["connect"] & object,
  });
}

function copyOf(config: KubeConfig): KubeConfig {
  const copy = new KubeConfig();
  copy.loadFromOptions(config);
  return copy;
}
