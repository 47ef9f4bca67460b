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
  #headers: Readonly<Record<string, string>> = {};
  #readAt = -Infinity;

  private constructor(config: KubeConfig, readonly agent: Agent) {
    this.#config = copyOf(config);
  }

  /** Reads a configuration. Certificates are read only here; a token is read again later. */
  static async from(config: KubeConfig): Promise<ClusterCredentials> {
    const options: RequestOptions = {};
    await config.applyToHTTPSOptions(options);
    const { ca, cert, key, servername, rejectUnauthorized } = options;
    const tls = { ca, cert, key, servername, rejectUnauthorized };
    return new ClusterCredentials(
      config,
      new Agent({
        allowH2: false,
        connections: CONNECTIONS,
        keepAliveTimeout: KEEP_ALIVE_MS,
        connect: {
          ...Object.fromEntries(Object.entries(tls).filter(([, value]) => value !== undefined)),
          timeout: CONNECT_TIMEOUT_MS,
        },
      }),
    );
  }

  getName(): string {
    return "kubeconfig";
  }

  async applySecurityAuthentication(context: RequestContext): Promise<void> {
    if (performance.now() - this.#readAt > MAX_AGE_MS) {
      const read = new RequestContext(context.getUrl(), HttpMethod.GET);
      await this.#config.applySecurityAuthentication(read);
      this.#headers = read.getHeaders();
      this.#readAt = performance.now();
    }
    for (const [name, value] of Object.entries(this.#headers)) context.setHeaderParam(name, value);
    context.setDispatcher(this.agent);
  }

  /** Makes the next call read the credentials again, because the server has refused them. */
  renew(): void {
    // The client library caches the token in its configuration; a copy has no cache.
    this.#config = copyOf(this.#config);
    this.#readAt = -Infinity;
  }
}

function copyOf(config: KubeConfig): KubeConfig {
  const copy = new KubeConfig();
  copy.loadFromOptions(config);
  return copy;
}
