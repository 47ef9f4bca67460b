/** Stands between a replica and the API server, and lets calls fail in every way. */

import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { Agent, request } from "undici";
import type { Admin } from "../support/kubernetes.ts";

/** What becomes of a call. */
export type Fault =
  /** Nothing: it goes through. */
  | "none"
  /** The connection breaks and the API server never sees the call. */
  | "dropped"
  /** The API server acts on it, and the connection breaks before the answer. */
  | "answer_lost"
  /** The API server answers 410 Gone. */
  | "gone";

/** A call as rules see it. */
export interface Call {
  readonly method: string;
  readonly url: URL;
  readonly isWatch: boolean;
}

/** Forwards what it is sent to the API server. */
export class FaultProxy implements AsyncDisposable {
  /** Decides about each call when it arrives; what it does before is done before the call. */
  rule: (call: Call) => Fault | Promise<Fault> = () => "none";
  /** Is told of each call that the API server has answered, and delays its answer until it returns. */
  answered: (call: Call) => unknown = () => {};
  /** Connections so far. */
  connections = 0;
  readonly #admin: Admin;
  readonly #agent: Agent;
  readonly #server = createServer((request, response) => void this.#handle(request, response));
  /** 0 until it listens for the first time. */
  #port = 0;
  readonly #watches = new Set<ServerResponse>();

  private constructor(admin: Admin) {
    this.#admin = admin;
    this.#server.on("connection", () => this.connections++);
    this.#agent = new Agent({ allowH2: false, connect: { ca: admin.ca } });
  }

  static async open(admin: Admin): Promise<FaultProxy> {
    const proxy = new FaultProxy(admin);
    await proxy.up();
    return proxy;
  }

  /** Where a replica finds it. */
  get server(): string {
    return `http://127.0.0.1:${this.#port}`;
  }

  /** Breaks all connections, and refuses new ones until `up`. */
  async down(): Promise<void> {
    const closed = new Promise<void>((resolve) => this.#server.close(() => resolve()));
    this.#server.closeAllConnections();
    this.cutWatches();
    await closed;
  }

  async up(): Promise<void> {
    await new Promise<void>((resolve) =>
      this.#server.listen(this.#port, "127.0.0.1", () => resolve())
    );
    this.#port = (this.#server.address() as AddressInfo).port;
  }

  /** How many watches are open. */
  get watches(): number {
    return this.#watches.size;
  }

  /** Breaks all watches that are open. */
  cutWatches(): void {
    for (const response of this.#watches) response.destroy();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.down();
    await this.#agent.destroy();
  }

  async #handle(incoming: IncomingMessage, response: ServerResponse): Promise<void> {
    const url = new URL(incoming.url!, this.#admin.server);
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
      const { host: _host, connection: _connection, ...headers } = incoming.headers;
      const answer = await request(url, {
        method: method as "GET",
        headers: headers as Record<string, string>,
        body: body === "" ? null : body,
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
        "Date": String(answer.headers["date"]),
      });
      // A watch may have nothing to tell for long.
      response.flushHeaders();
      for await (const chunk of answer.body) response.write(chunk);
      response.end();
    } catch {
      // The API server, or the one who asked, has gone.
      response.destroy();
    }
  }
}
