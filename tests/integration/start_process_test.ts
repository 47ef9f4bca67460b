import { assertEquals } from "@std/assert";
import { startProcess } from "../../shared/process/start_process.ts";
import { eventually } from "../support/eventually.ts";
import { forever } from "../support/forever.ts";
import { temporaryFolder } from "../support/temporary_folder.ts";

/** A process that tries to print when it is asked to, and answers what came of it. */
const PROGRAM = `
  const print = (value) => console.log(JSON.stringify(value));
  Deno.serve({
    hostname: "127.0.0.1",
    port: 0,
    onListen: ({ port }) => print({ listening: "http://127.0.0.1:" + port }),
  }, async ({ url }) => {
    if (url.endsWith("/ready")) return new Response("ok");
    try {
      await Deno.stdout.write(new TextEncoder().encode("1\\n".repeat(1000)));
      return new Response("printed");
    } catch (error) {
      return new Response(error.name);
    }
  });
  print({ ready: true });
`;

for (
  const [readsToEnd, outcome, name] of [
    [false, "BrokenPipe", "what a process prints after it is ready goes nowhere"],
    [true, "printed", "what a process prints is read to its end when that is asked for"],
  ] as const
) {
  Deno.test(name, async () => {
    await using folder = await temporaryFolder({ "program.ts": PROGRAM });
    const printed: string[] = [];
    const { promise: read, resolve } = Promise.withResolvers<void>();
    const process = await startProcess(
      {
        args: ["run", "--quiet", "--no-config", "--allow-net", folder.path("program.ts")],
        env: { NO_COLOR: "1" },
      },
      {
        label: "test",
        startTimeoutMs: 60_000,
        readsToEnd,
        onLine: (line) => {
          printed.push(line);
          resolve();
        },
      },
      forever(),
    );
    try {
      const print = async () => await (await fetch(new URL("/print", process.url))).text();
      await eventually(async () => await print() === outcome, outcome);
      if (readsToEnd) await read;
      assertEquals(printed[0], readsToEnd ? "1" : undefined);
    } finally {
      process.kill();
      await process.ended;
    }
  });
}

/** A process that listens at once, and that is ready and says so after it was asked to. */
const SLOW_PROGRAM = `
  const print = (value) => console.log(JSON.stringify(value));
  let isReady = false;
  let early = 0;
  Deno.serve({
    hostname: "127.0.0.1",
    port: 0,
    onListen: ({ port }) => {
      const url = "http://127.0.0.1:" + port;
      print({ listening: url });
      print(url);
    },
  }, ({ url }) => {
    if (url.endsWith("/ready")) {
      if (!isReady) early++;
      return new Response(null, { status: isReady ? 200 : 503 });
    }
    if (url.endsWith("/become-ready")) {
      isReady = true;
      print({ ready: true });
    }
    return new Response(String(early));
  });
`;

Deno.test("a process is not asked before it says that it is ready", async () => {
  await using folder = await temporaryFolder({ "program.ts": SLOW_PROGRAM });
  const url = Promise.withResolvers<string>();
  const starting = startProcess(
    {
      args: ["run", "--quiet", "--no-config", "--allow-net", folder.path("program.ts")],
      env: { NO_COLOR: "1" },
    },
    {
      label: "test",
      startTimeoutMs: 60_000,
      onLine: (line) => url.resolve(JSON.parse(line)),
    },
    forever(),
  );
  const ask = async (path: string) => await (await fetch(new URL(path, await url.promise))).text();
  // A question to the process would come at the same time as these.
  for (let i = 0; i < 20; i++) await ask("/early");
  await ask("/become-ready");
  const process = await starting;
  try {
    assertEquals(await ask("/early"), "0");
  } finally {
    process.kill();
    await process.ended;
  }
});
