import { assertEquals, assertThrows } from "@std/assert";
import { ConfigError } from "../env.ts";
import { createFakeLog } from "../fake_log.ts";
import { listen, type Serve } from "./listen.ts";

/** Listens on `host`, when the kernel refuses `::` with an error of this code. */
function listenWithout(host: string, code: string) {
  const { log, lines } = createFakeLog();
  const tried: (string | undefined)[] = [];
  const urls: string[] = [];
  const serve: Serve = ({ hostname, onListen }) => {
    tried.push(hostname);
    if (hostname?.includes(":")) throw Object.assign(new Error("no"), { code });
    const addr = { transport: "tcp", hostname: hostname!, port: 8080 } as const;
    onListen?.(addr);
    return {
      addr,
      finished: Promise.resolve(),
      shutdown: () => Promise.resolve(),
    } as Deno.HttpServer<Deno.NetAddr>;
  };
  const start = () =>
    listen(
      { host, port: 0, onListen: ({ href }) => urls.push(href), log, serve },
      () => new Response(),
    );
  return { start, tried, urls, lines };
}

Deno.test("a service on :: listens on 0.0.0.0 where the kernel has no IPv6, and logs it", () => {
  for (const code of ["EAFNOSUPPORT", "EADDRNOTAVAIL"]) {
    for (const host of ["::", "[::]"]) {
      const { start, tried, urls, lines } = listenWithout(host, code);
      start();
      assertEquals(tried, [host, "0.0.0.0"]);
      assertEquals(urls, ["http://0.0.0.0:8080/"]);
      assertEquals(lines.map(({ level }) => level), ["warn"]);
    }
  }
});

Deno.test("no other address and no other error makes a service listen on 0.0.0.0", () => {
  for (const [host, code] of [["::1", "EADDRNOTAVAIL"], ["::", "EADDRINUSE"]] as const) {
    const { start, tried } = listenWithout(host, code);
    assertThrows(start, ConfigError, `cannot listen on ${host}`);
    assertEquals(tried, [host]);
  }
});

Deno.test("a service on :: answers on IPv4 and on IPv6", async () => {
  const { log } = createFakeLog();
  const urls: URL[] = [];
  const listener = listen(
    { host: "::", port: 0, onListen: (url) => urls.push(url), log },
    ({ url }) => new Response(url),
  );
  assertEquals(urls[0]!.hostname, "[::]");
  try {
    for (const host of ["127.0.0.1", "[::1]"]) {
      const url = `http://${host}:${listener.port}/`;
      assertEquals(await (await fetch(url)).text(), url);
    }
  } finally {
    await listener.shutdown();
  }
});

Deno.test("a service that cannot listen again is told about an accept failure, and does not try", async () => {
  const { log, lines } = createFakeLog();
  const failed = Promise.withResolvers<void>();
  const told = Promise.withResolvers<void>();
  let opened = 0;
  const serve: Serve = ({ onListen }) => {
    opened++;
    const addr = { transport: "tcp", hostname: "127.0.0.1", port: 8080 } as const;
    onListen?.(addr);
    return {
      addr,
      finished: failed.promise,
      shutdown: () => Promise.resolve(),
    } as Deno.HttpServer<Deno.NetAddr>;
  };
  const options = { host: "127.0.0.1", port: 0, onListen() {}, log, serve };
  listen({ ...options, onAcceptFailure: told.resolve }, () => new Response());
  failed.reject(new Error("Too many open files"));
  await told.promise;
  assertEquals(opened, 1);
  assertEquals(lines.map(({ level, msg }) => [level, msg]), [["error", "accept failed"]]);
});
