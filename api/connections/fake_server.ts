/** A server for tests that sends any bytes, and what calls it. */

import type { HttpCall } from "./connections.ts";

/** Settings of connections. */
export const OPTIONS = { maxHeaderBytes: 4096, connectTimeoutMs: 5000 };
/** A short answer. */
export const ANSWER = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";
/** Returns the bytes of a text. */
export const encode = (text: string) => new TextEncoder().encode(text);

/** A server that behaves like `serve` on each connection. */
export function startServer(serve: (tcp: Deno.TcpConn) => Promise<void>) {
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const open = new Set<Deno.TcpConn>();
  let connections = 0;
  const accepting = (async () => {
    for await (const tcp of listener) {
      connections++;
      open.add(tcp);
      void serve(tcp).catch(() => {}).finally(() => {
        if (open.delete(tcp)) tcp.close();
      });
    }
  })();
  return {
    url: new URL(`http://127.0.0.1:${listener.addr.port}/authenticate?user_id=a`),
    get connections() {
      return connections;
    },
    get open() {
      return open.size;
    },
    async [Symbol.asyncDispose]() {
      listener.close();
      await accepting;
      for (const tcp of open) tcp.close();
      open.clear();
    },
  };
}

/** Reads requests of fewer than 1,000 bytes, and answers each of them. */
export async function answerAll(tcp: Deno.TcpConn): Promise<void> {
  const buffer = new Uint8Array(1000);
  while (await tcp.read(buffer) !== null) await tcp.write(encode(ANSWER));
}

/** Connects when it is told to. */
export function slowConnect() {
  const { promise, resolve: goOn } = Promise.withResolvers<void>();
  const connect = async (to: Deno.ConnectOptions) => {
    await promise;
    return await Deno.connect(to);
  };
  return { connect, goOn };
}

/** Connects, and remembers the memory that answers are read into. */
export function seenBuffers() {
  const buffers = new Set<ArrayBufferLike>();
  const connect = async (to: Deno.ConnectOptions) => {
    const tcp = await Deno.connect(to);
    const read = tcp.read.bind(tcp);
    tcp.read = (bytes) => {
      buffers.add(bytes.buffer);
      return read(bytes);
    };
    return tcp;
  };
  const isEmpty = () =>
    [...buffers].every((buffer) => new Uint8Array(buffer).every((at) => at === 0));
  /** Returns the number of bytes of each piece of memory. */
  const sizes = () => [...buffers].map(({ byteLength }) => byteLength);
  return { connect, isEmpty, sizes };
}

/** Returns a call to a server. */
export const call = (url: URL, more: Partial<HttpCall> = {}): HttpCall => ({
  method: "POST",
  origin: url,
  path: url.pathname + url.search,
  headers: { "X-A": "1" },
  body: encode("picture"),
  maxBodyBytes: 8192,
  signal: new AbortController().signal,
  ...more,
});
