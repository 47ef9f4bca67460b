// Nothing leaves the machine, and no file is written that nobody asked for: docs/privacy.md.

import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { join } from "node:path";
import { LOCAL_PATHS } from "../../shared/local_paths.ts";
import { ROOT } from "../support/checkout.ts";
import { eventually } from "../support/eventually.ts";
import { needs } from "../support/needs.ts";
import { sample } from "../support/pictures.ts";
import { Service } from "../support/service.ts";
import { type TemporaryFolder, temporaryFolder } from "../support/temporary_folder.ts";
import { readTrace, straceCommand, type TracedProcess } from "../support/trace.ts";

/** Folder in which Deno keeps the packages that it has downloaded. */
const PACKAGES = join(await denoDir(), "npm");
/** The telemetry of ONNX Runtime needs 9 s, the update check of Deno 0.5 s. */
const CONTROL_TIMEOUT_MS = 120_000;
const LOOPBACK = /inet_addr\("127\.|inet_pton\(AF_INET6, "::1"/;
/** Deno asks the kernel for the network interfaces this way. Nothing leaves the machine. */
const isNetlink = (text: string) => text.includes("AF_NETLINK");
const leaving = (texts: readonly string[]) => texts.filter((text) => !isNetlink(text));

needs("strace")(
  "the service talks only to itself, and writes only the gallery's data",
  async () => {
    await using folder = await temporaryFolder();
    const data = folder.path("data");
    const output = folder.path("service.trace");
    {
      await using service = new Service(
        {
          ...await cleanEnv(folder),
          POOL_SIZE: "1",
          REQUESTS_PER_WORKER: "10",
          DATA_DIR: data,
          // The task must set it.
          DENO_NO_UPDATE_CHECK: undefined,
        },
        ["task", "start"],
        straceCommand(output),
      );
      await service.untilReady();
      const { status, text } = await service.post(await sample("user1_similar.png"));
      assertEquals([status, JSON.parse(text).user_id], [200, "user1"]);
      // The worker that has served lives for as long as telemetry needs to show.
      await telemetryShows();
    }
    const processes = readTrace(await Deno.readTextFile(output));
    const ran = (program: string): TracedProcess[] =>
      processes.filter(({ command }) =>
        command.includes(`/${program}"`) || command.includes(`"${program}"`)
      );

    const [worker, ...otherWorkers] = ran("worker/main.ts");
    assertEquals(otherWorkers, []);
    assert(worker !== undefined);
    assertEquals(leaving(worker.sockets).length, 1, worker.sockets.join("\n"));
    assertEquals(leaving(worker.destinations), []);

    const [api] = ran("api/main.ts");
    assert(api !== undefined);
    for (const socket of api.sockets) assertStringIncludes(socket, "SOCK_STREAM");
    for (const destination of api.destinations) assert(LOOPBACK.test(destination), destination);

    const [gallery, ...otherGalleries] = ran("gallery/main.ts");
    assertEquals(otherGalleries, []);
    assert(gallery !== undefined);
    for (const socket of leaving(gallery.sockets)) assertStringIncludes(socket, "SOCK_STREAM");
    assertEquals(leaving(gallery.destinations), []);

    for (const process of processes) {
      if (process !== gallery) assertWritesOnly(process, folder, []);
      // Without the gallery's own folder, it writes nothing either.
      else assertWritesOnly({ ...process, writes: outside(data, process.writes) }, folder, []);
    }
    const others = processes.filter((process) => ![worker, api, gallery].includes(process));
    for (const program of ["models/fetch/main.ts", "test-data/main.ts", "task"]) {
      assert(
        others.some(({ command }) => command.includes(`"${program}"`)),
        `${program} has not run`,
      );
    }
    for (const { command, sockets } of others) assertEquals(leaving(sockets), [], command);
  },
);

needs("strace")(
  "a command opens no socket, and writes only the files that it was asked for",
  async () => {
    await using folder = await temporaryFolder();
    const photo = join(ROOT, "test-data/user1_similar.png");
    await folder.write("people/ada/1.png", await sample("user1.png"));
    await folder.write("people/bob/1.png", await sample("user2.png"));
    const people = folder.path("people");
    // The lock keeps other enrolments out, and is removed at the end.
    const gallery = ["g.json", ".g.json.lock"];
    const commands: readonly [string, string[], string[], string?][] = [
      [
        "worker/commands/enroll/main.ts",
        ["--gallery", "g.json", "--from", people],
        gallery,
        "enroll",
      ],
      [
        "worker/commands/enroll/main.ts",
        ["--gallery", "g.json", "--user-id", "ada", photo],
        gallery,
        "enroll",
      ],
      ["worker/commands/calibrate/main.ts", ["--from", people], []],
      ["worker/commands/accuracy/main.ts", ["--from", people], []],
      ["models/prepare/main.ts", [LOCAL_PATHS.recognition, "m.onnx"], ["m.onnx"]],
      ["gallery/commands/main.ts", ["import", "g.json"], [], "gallery-command"],
      ["gallery/commands/main.ts", ["verify-store"], [], "gallery-command"],
      [
        "gallery/commands/main.ts",
        ["export", folder.path("x.ndjson")],
        ["x.ndjson"],
        "gallery-command",
      ],
    ];
    const data = folder.path("data");
    for (const [program, args, written, permissions] of commands) {
      const traced = await traceCommand(folder, program, args, permissions);
      for (const process of traced) {
        const writes = outside(data, process.writes);
        assertWritesOnly({ ...process, writes }, folder, written);
        assertEquals(process.sockets.filter((socket) => !isNetlink(socket)), [], process.command);
        assertEquals(process.destinations, [], process.command);
      }
    }
  },
);

needs("strace")(
  "photos that are enrolled over HTTP reach the service alone, and only the journal is written",
  async () => {
    await using service = await Service.ready({ GALLERY_MODE: "service" });
    await using folder = await temporaryFolder();
    await folder.write("people/ada/1.png", await sample("different.png"));
    const args = ["--to", service.url.origin, "--from", folder.path("people")];
    const traced = await traceCommand(folder, "worker/commands/enroll/main.ts", args, "enroll");
    assertEquals((await service.get("/users/ada")).status, 200);
    for (const process of traced) {
      assertWritesOnly(process, folder, ["people/.face-it-enrolled"]);
      for (const socket of leaving(process.sockets)) assertStringIncludes(socket, "SOCK_STREAM");
      for (const destination of leaving(process.destinations)) {
        assertStringIncludes(destination, `htons(${service.url.port})`);
        assert(LOOPBACK.test(destination), destination);
      }
    }
  },
);

/** Returns the paths that are not in a folder. */
const outside = (folder: string, paths: readonly string[]): string[] =>
  paths.filter((path) => path !== folder && !path.startsWith(`${folder}/`));

/**
 * Environment without CI, whose presence switches telemetry off. Home folder and cache are empty, so
 * Deno has never looked for a newer version of itself.
 */
async function cleanEnv(folder: TemporaryFolder): Promise<Record<string, string>> {
  const cache = folder.path("deno");
  await Deno.mkdir(cache, { recursive: true });
  await Deno.symlink(PACKAGES, join(cache, "npm")).catch((error) => {
    if (!(error instanceof Deno.errors.AlreadyExists)) throw error;
  });
  return {
    DENO_DIR: cache,
    HOME: folder.root,
    TMPDIR: folder.root,
    XDG_CACHE_HOME: folder.path(".cache"),
    PATH: Deno.env.get("PATH") ?? "",
  };
}

/** Runs a command to its end, as its task in deno.json does. */
async function traceCommand(
  folder: TemporaryFolder,
  program: string,
  args: readonly string[],
  permissions = "tool",
): Promise<TracedProcess[]> {
  const output = folder.path("command.trace");
  const [strace, ...rest] = straceCommand(output) as [string];
  await new Deno.Command(strace, {
    args: [
      ...[...rest, Deno.execPath(), "run", "-q", `-P=${permissions}`],
      ...["--config", join(ROOT, "deno.json"), join(ROOT, program), ...args],
    ],
    cwd: folder.root,
    clearEnv: true,
    env: {
      ...await cleanEnv(folder),
      DENO_NO_UPDATE_CHECK: "1",
      DATA_DIR: folder.path("data"),
    },
    stdout: "null",
    stderr: "null",
  }).output();
  const processes = readTrace(await Deno.readTextFile(output));
  assert(processes.some(({ command }) => command.includes(program)), `${program} was not traced`);
  await Deno.remove(output);
  return processes;
}

/**
 * Waits until ONNX Runtime with its telemetry on has written its files and has tried to open a
 * socket. So the telemetry still exists, and this test can see it.
 */
async function telemetryShows(): Promise<void> {
  await using folder = await temporaryFolder();
  const output = folder.path("control.trace");
  const [strace, ...rest] = straceCommand(output, { refuseSockets: true }) as [string];
  await using process = new Deno.Command(strace, {
    args: [
      ...[...rest, Deno.execPath(), "run", "-q", "-P=test"],
      join(ROOT, "tests/support/onnx/load_with_telemetry.ts"),
    ],
    cwd: ROOT,
    clearEnv: true,
    env: { ...await cleanEnv(folder), DENO_NO_UPDATE_CHECK: "1" },
    stdout: "null",
    stderr: "null",
  }).spawn();
  let seen: TracedProcess | undefined;
  await eventually(
    async () => {
      await new Promise((resolve) => setTimeout(resolve, 500));
      seen = readTrace(await Deno.readTextFile(output).catch(() => "")).find(({ command }) =>
        command.includes("load_with_telemetry.ts")
      );
      return seen !== undefined && seen.sockets.some((socket) => socket.includes("SOCK_DGRAM"));
    },
    "the telemetry of ONNX Runtime looks up its collector",
    CONTROL_TIMEOUT_MS,
  );
  assert(seen!.writes.some((path) => path.includes(".onnxruntime")), seen!.writes.join("\n"));
  process.kill("SIGKILL");
  await process.status;
}

/** Asserts that a process has written only these files of the folder, and Deno's own cache. */
function assertWritesOnly(
  { command, writes }: TracedProcess,
  folder: TemporaryFolder,
  files: readonly string[],
): void {
  const cache = [folder.path("deno/"), `${PACKAGES}/`];
  const paths = files.map((file) => folder.path(file));
  // A file is written under another name first, and then renamed.
  const temporary = new RegExp(`^${RegExp.escape(folder.root)}/\\.[^/]*[0-9a-f-]{36}\\.\\w+$`);
  const unexpected = writes.filter((path) =>
    path !== "/dev/null" && !cache.some((prefix) => path.startsWith(prefix)) &&
    !(paths.length > 0 && (paths.includes(path) || temporary.test(path)))
  );
  assertEquals(unexpected, [], command);
}

async function denoDir(): Promise<string> {
  const { stdout } = await new Deno.Command(Deno.execPath(), { args: ["info", "--json"] }).output();
  return JSON.parse(new TextDecoder().decode(stdout)).denoDir;
}
