/** Credentials for the Kubernetes API, over connections that stay open. */

import {
  HttpMethod,
  KubeConfig,
  RequestContext,
  type SecurityAuthentication,
} from "@kubernetes/client-node";
import type { RequestOptions } from "node:https";
import { Agent } from "undici";

const CONNECT_TIMEOUT_MS = 2000;
/** Between two claims a connection is kept for so long. */
const KEEP_ALIVE_MS = 60_000;
/** Further calls wait for one of these: hundreds of handshakes at once would all be late. */
const CONNECTIONS = 32;
/** The client itself reads a token's file once a minute. */
const CREDENTIALS_MS = 10_000;

/** Credentials whose calls share one agent; the client's own opens a connection for each call. */
export class KeptAliveConfig implements SecurityAuthentication {
  #config: KubeConfig;
  #headers: Readonly<Record<string, string>> = {};
  #readAt = -Infinity;

  private constructor(config: KubeConfig, readonly agent: Agent) {
    this.#config = copyOf(config);
  }

  /** Takes over a configuration; its certificates are read once, its token as it changes. */
  static async from(config: KubeConfig): Promise<KeptAliveConfig> {
    const options: RequestOptions = {};
    await config.applyToHTTPSOptions(options);
    const { ca, cert, key, servername, rejectUnauthorized } = options;
    const tls = { ca, cert, key, servername, rejectUnauthorized };
    return new KeptAliveConfig(
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
    if (performance.now() - this.#readAt > CREDENTIALS_MS) {
      const read = new RequestContext(context.getUrl(), HttpMethod.GET);
      await this.#config.applySecurityAuthentication(read);
      this.#headers = read.getHeaders();
      this.#readAt = performance.now();
    }
    for (const [name, value] of Object.entries(this.#headers)) context.setHeaderParam(name, value);
    context.setDispatcher(this.agent);
  }

  /** The server has refused them: the next call reads them anew. */
  renew(): void {
    // The client keeps what it has read where a copy does not get it from.
    this.#config = copyOf(this.#config);
    this.#readAt = -Infinity;
  }
}

function copyOf(config: KubeConfig): KubeConfig {
  const copy = new KubeConfig();
  copy.loadFromOptions(config);
  return copy;
}
