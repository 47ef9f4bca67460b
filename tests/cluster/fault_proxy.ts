/** A proxy between a replica and the API server. It makes calls fail in different ways. */

import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { createInterface } from "node:readline";
import { Agent, request } from "undici";
import type { KubernetesClient } from "../support/kubernetes.ts";

/** A way in which a call ends. */
export type Fault =
  /** The proxy forwards the call and its response. */
  | "none"
  /** The connection breaks, and the API server never sees the call. */
  | "dropped"
  /** The API server acts on the call, but the connection breaks before the response arrives. */
  | "answer_lost"
  /** The response is 410 Gone. */
  | "gone";

/** The parts of a call that a rule can use. */
export interface Call {
  readonly method: string;
  readonly url: URL;
  readonly isWatch: boolean;
}

/** Forwards calls to the API server. */
export class FaultProxy implements AsyncDisposable {
  /** Called when a call arrives, before it is forwarded. Returns how the call ends. */
  rule: (call: Call) => Fault | Promise<Fault> = () => "none";
  /** Called when the API server has answered. The response is sent after the function returns. */
  answered: (call: Call) => unknown = () => {};
  /** Changes the body of a call before it is forwarded. */
  rewrite: (call: Call, body: string) => string = (_call, body) => body;
  /** Milliseconds by which the API server's clock is wrong in its Date headers. */
  skewMs = 0;
  /** Milliseconds by which creationTimestamps are wrong. */
  creationSkewMs = 0;
  /** Number of connections so far. */
  connections = 0;
  readonly #client: KubernetesClient;
  readonly #agent: Agent;
  readonly #server = createServer((request, response) => void this.#handle(request, response));
  /** The proxy's port; 0 until the proxy listens for the first time. */
  #port = 0;
  readonly #watches = new Set<ServerResponse>();

  private constructor(client: KubernetesClient) {
    this.#client = client;
    this.#server.on("connection", () => this.connections++);
    this.#agent = new Agent({ allowH2: false, connect: { ca: client.ca } });
  }

  /** Starts a proxy for the API server of a client. */
  static async open(client: KubernetesClient): Promise<FaultProxy> {
    const proxy = new FaultProxy(client);
    await proxy.up();
    return proxy;
  }

  /** URL of the proxy. */
  get server(): string {
    return `http://127.0.0.1:${this.#port}`;
  }

  /** Breaks all connections, and refuses new ones until {@linkcode up}. */
  async down(): Promise<void> {
    const closed = new Promise<void>((resolve) => this.#server.close(() => resolve()));
    this.#server.closeAllConnections();
    this.cutWatches();
    await closed;
  }

  /** Accepts connections again, at the same port. */
  async up(): Promise<void> {
    await new Promise<void>((resolve) =>
      this.#server.listen(this.#port, "127.0.0.1", () => resolve())
    );
    this.#port = (this.#server.address() as AddressInfo).port;
  }

  /** Number of open watches. */
  get watches(): number {
    return this.#watches.size;
  }

  /** Breaks all open watches. */
  cutWatches(): void {
    for (const response of this.#watches) response.destroy();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.down();
    await this.#agent.destroy();
  }

  async #handle(incoming: IncomingMessage, response: ServerResponse): Promise<void> {
    const url = new URL(incoming.url!, this.#client.server);
    const isWatch = url.searchParams.has("watch");
    const method = incoming.method!;
    const body = await new Response(incoming as unknown as ReadableStream).text();
    try {
      const call = { method, url, isWatch };
      const fault = await this.rule(call);
      if (fault === "dropped") return void response.destroy();
      if (fault === "gone") {
        const status = { kind: "Status", code: 410, message: "too old resource version" };
        response.writeHead(410, { "Content-Type": "application/json" });
        return void response.end(JSON.stringify(status));
      }
      const { host: _host, connection: _connection, "content-length": _length, ...headers } =
        incoming.headers;
      const answer = await request(url, {
        method: method as "GET",
        headers: headers as Record<string, string>,
        body: body === "" ? null : this.rewrite(call, body),
        dispatcher: this.#agent,
        bodyTimeout: 0,
      });
      await this.answered(call);
      if (fault === "answer_lost") {
        await answer.body.dump();
        return void response.destroy();
      }
      if (isWatch) this.#watches.add(response);
      response.on("close", () => {
        this.#watches.delete(response);
        answer.body.destroy();
      });
      response.writeHead(answer.statusCode, {
        "Content-Type": String(answer.headers["content-type"]),
        "Date": new Date(Date.parse(String(answer.headers["date"])) + this.skewMs).toUTCString(),
      });
      // Send the headers now: the first event of a watch may come only after a long time.
      response.flushHeaders();
      // One line at a time, so that no timestamp is cut. Bodies end with a line feed.
      for await (const line of createInterface(answer.body)) {
        response.write(`${this.#skewCreation(line)}\n`);
      }
      response.end();
    } catch {
      // The API server or the replica has closed the connection.
      response.destroy();
    }
  }

  #skewCreation(line: string): string {
    if (this.creationSkewMs === 0) return line;
    return line.replace(/"creationTimestamp":"([^"]+)"/g, (_, time) => {
      const skewed = new Date(Date.parse(time) + this.creationSkewMs).toISOString();
      return `"creationTimestamp":"${skewed.replace(/[.]\d+/, "")}"`;
    });
  }
}
