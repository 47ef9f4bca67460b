import { assertEquals } from "@std/assert";
import { needs } from "./needs.ts";
import { temporaryFolder } from "./temporary_folder.ts";
import { readTrace, straceCommand } from "./trace.ts";

Deno.test("calls of threads belong to their process, also when other calls interrupt them", () => {
  const trace = readTrace(`
10    execve("/bin/a", ["a"], 0x1 /* 3 vars */) = 0
10    clone3({flags=CLONE_VM|CLONE_THREAD, stack=0x2}, 88 <unfinished ...>
11    openat(AT_FDCWD</w>, "early", O_WRONLY|O_CREAT, 0600 <unfinished ...>
10    <... clone3 resumed> => {parent_tid=[11]}, 88) = 11
11    <... openat resumed>) = 4</w/early>
11    socket(AF_INET, SOCK_DGRAM, IPPROTO_IP) = 5
12    execve("/bin/b", ["b"], 0x1 /* 3 vars */) = 0
12    connect(5<socket:[1]>, {sa_family=AF_INET, sin_port=htons(53), sin_addr=inet_addr("10.0.0.1")}, 16) = 0
12    openat(AT_FDCWD</w>, "/etc/hosts", O_RDONLY|O_CLOEXEC) = 3</etc/hosts>
10    openat(3</w/folder>, "late", O_RDWR) = -1 ENOENT (No such file or directory)
10    mkdir("/w/made", 0700) = 0
`);
  assertEquals(trace, [
    {
      command: '"/bin/a", ["a"], 0x1 /* 3 vars */) = 0',
      sockets: ["AF_INET, SOCK_DGRAM, IPPROTO_IP"],
      destinations: [],
      writes: ["/w/early", "/w/folder/late", "/w/made"],
    },
    {
      command: '"/bin/b", ["b"], 0x1 /* 3 vars */) = 0',
      sockets: [],
      destinations: [
        '{sa_family=AF_INET, sin_port=htons(53), sin_addr=inet_addr("10.0.0.1")}',
      ],
      writes: [],
    },
  ]);
});

needs("strace")("a program's files and sockets are seen", async () => {
  await using folder = await temporaryFolder();
  const output = folder.path("trace");
  const [strace, ...args] = straceCommand(output, { refuseSockets: true }) as [string];
  const program = `
    Deno.mkdirSync("made"); Deno.writeTextFileSync("made/a", "1"); Deno.renameSync("made/a", "b");
    Deno.removeSync("b"); await Deno.connect({ hostname: "127.0.0.1", port: 1 }).catch(() => {});`;
  await new Deno.Command(strace, {
    args: [...args, Deno.execPath(), "eval", program],
    cwd: folder.root,
    env: { DENO_NO_UPDATE_CHECK: "1" },
  }).output();
  const [process] = readTrace(await Deno.readTextFile(output));
  const writes = process!.writes.map((path) => path.replace(`${folder.root}/`, ""));
  assertEquals(writes.filter((path) => /^(made.*|b)$/.test(path)), [
    "made",
    "made/a",
    "made/a",
    "b",
  ]);
  assertEquals(process!.sockets.some((socket) => socket.startsWith("AF_INET")), true);
});
