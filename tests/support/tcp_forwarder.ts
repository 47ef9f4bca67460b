/** Forwards connections to an address that can change, as the address of a Kubernetes Service does. */

import { type AddressInfo, connect, createServer, type Socket } from "node:net";

/** Forwards connections. Disposing of it closes all of them. */
export interface TcpForwarder extends AsyncDisposable {
  readonly url: URL;
  /** Forwards new connections to another address, and breaks the present ones. */
  switchTo(target: URL): void;
}

/**
 * Listens on a free port of an address.
 *
 * @param hostname By default the loopback address
 */
export async function startTcpForwarder(
  target: URL,
  hostname = "127.0.0.1",
): Promise<TcpForwarder> {
  let current = target;
  const open = new Set<Socket>();
  const breakAll = () => {
    for (const socket of open) socket.destroy();
  };
  const keep = (socket: Socket, other: () => Socket) => {
    open.add(socket);
    socket.on("error", () => {});
    socket.on("close", () => {
      open.delete(socket);
      other().destroy();
    });
  };
  const server = createServer((client) => {
    const service = connect(Number(current.port), current.hostname);
    keep(client, () => service);
    keep(service, () => client);
    client.pipe(service).pipe(client);
  });
  await new Promise<void>((resolve) => server.listen(0, hostname, resolve));
  const { port } = server.address() as AddressInfo;
  return {
    url: new URL(`http://${hostname}:${port}`),
    switchTo(next) {
      current = next;
      breakAll();
    },
    [Symbol.asyncDispose]() {
      breakAll();
      return new Promise((resolve) => server.close(() => resolve()));
    },
  };
}
