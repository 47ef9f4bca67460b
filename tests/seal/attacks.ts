/**
 * Attempts of code that has taken over a worker: raw system calls, as native code makes them. On each
 * thread, the constructor of {@linkcode Attacker} runs before the worker seals itself, and the attack
 * afterwards.
 */

import { tryNativeCode } from "./native_code.ts";
import { type Attempt, type Attempts, bytes, IS_X86, RawCalls, words } from "./raw_calls.ts";

const EPERM = 1;
const AT_FDCWD = -100, O_RDONLY = 0, O_WRONLY = 1, O_RDWR = 2, AT_EMPTY_PATH = 0x1000;
const O_DIRECTORY = IS_X86 ? 0o200000 : 0o40000;
const AF_UNIX = 1, AF_INET = 2, AF_NETLINK = 16, SOCK_STREAM = 1, SOCK_DGRAM = 2;
const SHUT_RDWR = 2, MSG_FASTOPEN = 0x2000_0000, MSG_DONTWAIT = 0x40;
const SOL_SOCKET = 1, SO_ATTACH_FILTER = 26, BPF_RETURN = 6n;
const PTRACE_SEIZE = 0x4206, RLIMIT_CORE = 4;
const SIGCHLD = 17,
  CLONE_THREAD = 0x1_0000,
  CLONE_NEWUTS = 0x400_0000,
  CLONE_NEWUSER = 0x1000_0000,
  CLONE_SIGHAND = 0x800;
const PROT_READ = 1, PROT_WRITE = 2, PROT_EXEC = 4, MAP_PRIVATE = 2, MAP_ANONYMOUS = 0x20;
/** Shared memory of a file, in /proc/self/maps. */
const SHARED_FILE = /^([0-9a-f]+)-\S+ r..s .* (\/(?!memfd:|dev\/zero).*)$/;
const PR_SET_DUMPABLE = 4, F_SETFD = 2, F_SETOWN = 8, SIOCSPGRP = 0x8902, FD_CLOEXEC = 1;
const X32 = 0x4000_0000;
/** The sibling lives as long as a slow start may take, and ends by itself. */
const SIBLING_SECONDS = 120;

/** Everything that an attack needs and that exists before the seal. */
export class Attacker {
  readonly #calls = new RawCalls();
  readonly #sibling: number;
  readonly #siblingAddress: bigint;
  readonly #siblingHandle: number;
  readonly #parent: number;
  readonly #file: number;
  readonly #program: number;
  readonly #maps: number;
  readonly #sockets: readonly number[];
  readonly #datagrams: number;
  readonly #deaf: number;
  readonly #address: Uint8Array<ArrayBuffer>;
  /** Negative where something else refuses io_uring already. */
  readonly #ring: number;
  readonly #has32BitCalls: boolean;

  constructor() {
    const calls = this.#calls;
    this.#sibling = this.#startSibling();
    this.#siblingAddress = this.#firstAddress(this.#sibling);
    this.#siblingHandle = calls.must("pidfd_open", this.#sibling, 0);
    this.#parent = calls.must("getppid");
    this.#file = calls.must("openat", AT_FDCWD, bytes("/proc/self/exe"), O_RDONLY);
    this.#maps = calls.must("openat", AT_FDCWD, bytes("/proc/self/maps"), O_RDONLY);
    const program = calls.must("memfd_create", bytes("program"), 0);
    // Not for writing: the seal takes away what can be written.
    this.#program = calls.must("openat", AT_FDCWD, bytes(`/proc/self/fd/${program}`), O_RDONLY);
    calls.must("close", program);
    this.#sockets = [0, 1].map(() => calls.must("socket", AF_INET, SOCK_STREAM));
    this.#datagrams = calls.must("socket", AF_INET, SOCK_DGRAM);
    const any = anyPort();
    const listening = () => {
      const socket = calls.must("socket", AF_INET, SOCK_STREAM);
      calls.must("bind", socket, any, any.length);
      calls.must("listen", socket, 8);
      return socket;
    };
    this.#deaf = listening();
    this.#address = any.slice();
    calls.must("getsockname", listening(), this.#address, Uint8Array.of(16, 0, 0, 0));
    this.#ring = calls.try("io_uring_setup", 1, new Uint8Array(256)).result;
    this.#has32BitCalls = IS_X86 &&
      calls.try("openat", AT_FDCWD, bytes("/proc/sys/abi/vsyscall32"), O_RDONLY).result >= 0;
  }

  /** Tries everything on this thread, and some of it on another one. */
  async attack(): Promise<Attempts> {
    const calls = this.#calls;
    return {
      ...this.#tryFiles(),
      ...this.#trySockets(),
      ...this.#tryProcesses(),
      ...this.#trySiblings(),
      ...this.#tryKernel(),
      "open a file on another thread": await calls
        .tryElsewhere("openat", AT_FDCWD, bytes("/etc/passwd"), 0),
      "socket on another thread": await calls.tryElsewhere("socket", AF_INET, SOCK_STREAM),
    };
  }

  #tryFiles(): Attempts {
    const calls = this.#calls;
    const buffer = new Uint8Array(256), how = new Uint8Array(24);
    const passwd = bytes("/etc/passwd"), nothing = bytes("/none");
    // The length that the caller offers for the handle, and the handle's type.
    const handle = words(0x1_0000_0008n, 0n);
    return {
      "open a file to read": calls.try("openat", AT_FDCWD, passwd, O_RDONLY),
      "open a file to write": calls.try("openat", AT_FDCWD, bytes("/dev/null"), O_WRONLY),
      "open a folder": calls.try("openat", AT_FDCWD, bytes("/tmp"), O_DIRECTORY),
      "open by openat2": calls.try("openat2", AT_FDCWD, passwd, how, how.length),
      "open by a handle": calls.try("open_by_handle_at", this.#file, handle, O_RDONLY),
      ...IS_X86 && { "open by a number of x32": calls.tryNumber(X32 + 2, passwd, 0) },
      "look at a file": calls.try("statx", AT_FDCWD, passwd, 0, 0xfff, buffer),
      "handle of a file": calls
        .try("name_to_handle_at", AT_FDCWD, passwd, new Uint8Array(8), buffer, 0),
      "remove a file": calls.try("unlinkat", AT_FDCWD, nothing, 0),
      "make a file in memory": this.#close(calls.try("memfd_create", nothing, 0)),
      "make a pipe": calls.try("pipe2", buffer, 0),
      "watch files": calls.try("inotify_init1", 0),
      "write an open file of the runtime": this.#tryWritableFiles(),
      "mprotect a mapping of the runtime and write": this.#tryMappings(),
      "map an open file": calls.try("mmap", 0, 4096, PROT_READ, MAP_PRIVATE, this.#file, 0),
    };
  }

  #trySockets(): Attempts {
    const calls = this.#calls;
    const buffer = new Uint8Array(256);
    const part = calls.pointer(words(calls.pointer(buffer), 1n));
    const to = words(calls.pointer(this.#address), 16n, part, 1n, 0n, 0n, 0n, 0n);
    const from = words(0n, 0n, part, 1n, 0n, 0n, 0n);
    const program = calls.pointer(words(BPF_RETURN | 0xffff_ffff_0000_0000n));
    const filter = words(1n, program);
    return {
      "socket": calls.try("socket", AF_INET, SOCK_STREAM),
      "socket for datagrams": calls.try("socket", AF_INET, SOCK_DGRAM),
      "socket to this machine": calls.try("socket", AF_UNIX, SOCK_STREAM),
      "socket to the kernel": calls.try("socket", AF_NETLINK, SOCK_DGRAM),
      "pair of sockets": calls.try("socketpair", AF_UNIX, SOCK_STREAM, 0, buffer),
      "connect": calls.try("connect", this.#sockets[0]!, this.#address, 16),
      "bind": calls.try("bind", this.#sockets[1]!, anyPort(), 16),
      "listen": calls.try("listen", this.#sockets[1]!, 1),
      "connect a deaf listener by fast open":
        (calls.call("shutdown", this.#deaf, SHUT_RDWR),
          calls.try("sendto", this.#deaf, buffer, 1, MSG_FASTOPEN, this.#address, 16)),
      "send a datagram": calls.try("sendto", this.#datagrams, buffer, 1, 0, this.#address, 16),
      "send a datagram by sendmsg": calls.try("sendmsg", this.#datagrams, to, 0),
      "send a datagram by sendmmsg": calls.try("sendmmsg", this.#datagrams, to, 1, 0),
      "receive by recvmsg": calls.try("recvmsg", this.#datagrams, from, MSG_DONTWAIT),
      "run a program of BPF at a socket": calls
        .try("setsockopt", this.#datagrams, SOL_SOCKET, SO_ATTACH_FILTER, filter, 16),
    };
  }

  #tryProcesses(): Attempts {
    const calls = this.#calls;
    // The kernel itself refuses these flags, so no process is made where a filter allows the call.
    const flags = CLONE_SIGHAND;
    const clone = words(BigInt(flags), 0n, 0n, 0n, BigInt(SIGCHLD), 0n, 0n, 0n);
    return {
      "exec": calls.try("execve", bytes("/none"), null, null),
      // The file is empty, so nothing runs.
      "exec of an open file": calls
        .try(
          "execveat",
          this.#program,
          bytes(""),
          calls.list(["none"]),
          calls.list([]),
          AT_EMPTY_PATH,
        ),
      "start a program": this.#trySpawn("/bin/true"),
      "fork": calls.try("clone", SIGCHLD | flags),
      "fork by clone3": calls.try("clone3", clone, 64),
      "thread in a new namespace": calls.try("clone", CLONE_THREAD | CLONE_NEWUTS),
      ...IS_X86 && tryNativeCode(calls, this.#has32BitCalls),
      ...this.#tryExecutableMemory(),
    };
  }

  #trySiblings(): Attempts {
    const calls = this.#calls;
    const pid = this.#sibling;
    const buffer = new Uint8Array(256);
    const vector = words(calls.pointer(buffer), 16n, this.#siblingAddress, 16n);
    const local = calls.pointer(vector), remote = local + 16n;
    const memory = bytes(`/proc/${pid}/mem`);
    const everyProcessor = new Uint8Array(128).fill(0xff);
    return {
      "ptrace a sibling": calls.try("ptrace", PTRACE_SEIZE, pid),
      "/proc/SIBLING/mem": this.#close(calls.try("openat", AT_FDCWD, memory, O_RDWR)),
      "process_vm_readv": calls.try("process_vm_readv", pid, local, 1, remote, 1, 0),
      "process_vm_writev": calls.try("process_vm_writev", pid, local, 0, remote, 0, 0),
      "signal a sibling": calls.try("kill", pid, 0),
      "signal a sibling's thread": calls.try("tgkill", pid, pid, 0),
      "signal a sibling's thread by tkill": calls.try("tkill", pid, 0),
      "signal a sibling by its handle": calls
        .try("pidfd_send_signal", this.#siblingHandle, 0, null, 0),
      "signal everybody": calls.try("kill", -1, 0),
      // In a pod, the parent is outside.
      ...this.#parent > 0 && { "signal the parent": calls.try("kill", this.#parent, 0) },
      "send a socket's signals to a sibling": calls.try("fcntl", this.#deaf, F_SETOWN, pid),
      "send a socket's signals to a sibling by ioctl": calls
        .try("ioctl", this.#deaf, SIOCSPGRP, words(BigInt(pid))),
      "handle of a sibling": calls.try("pidfd_open", pid, 0),
      // The sibling has no file of this number.
      "take a file of a sibling": calls.try("pidfd_getfd", this.#siblingHandle, 1000, 0),
      "limits of a sibling": calls.try("prlimit64", pid, RLIMIT_CORE, null, buffer),
      "processors of a sibling": calls
        .try("sched_setaffinity", pid, everyProcessor.length, everyProcessor),
      // No memory has this key.
      "memory shared with others": calls.try("shmget", 0x7ace_f00d, 0, 0),
    };
  }

  #tryKernel(): Attempts {
    const calls = this.#calls;
    const buffer = new Uint8Array(256), nothing = bytes("/none");
    return {
      "io_uring": calls.try("io_uring_setup", 1, new Uint8Array(256)),
      "io_uring that was open": this.#ring < 0
        ? { result: -1, errno: EPERM }
        : calls.try("io_uring_enter", this.#ring, 0, 0, 0),
      "new namespace": calls.try("unshare", CLONE_NEWUTS),
      // The kernel makes it for a process of one thread only.
      "new namespace of users": calls.try("unshare", CLONE_NEWUSER),
      "enter a namespace": calls.try("setns", this.#file, 0),
      "mount": calls.try("mount", nothing, nothing, nothing, 0, null),
      "mount by open_tree": calls.try("open_tree", AT_FDCWD, bytes("/"), 0),
      "change the root": calls.try("chroot", nothing),
      "bpf": calls.try("bpf", 0, buffer, 0),
      "perf_event_open": calls.try("perf_event_open", buffer, 0, -1, -1, 0),
      "keyctl": calls.try("keyctl", 0, -3, 0),
      "userfaultfd": calls.try("userfaultfd", 1),
      "setuid": calls.try("setuid", 0),
      "dumpable again": calls.try("prctl", PR_SET_DUMPABLE, 1),
      "another filter": calls.try("seccomp", 1, 0, null),
    };
  }

  /** Tries what the JavaScript engine needs, too. */
  #tryExecutableMemory(): Attempts {
    const calls = this.#calls;
    const flags = MAP_PRIVATE | MAP_ANONYMOUS, prot = PROT_READ | PROT_WRITE | PROT_EXEC;
    const page = calls.call("mmap", 0, 4096, PROT_READ, flags, -1, 0);
    return {
      "executable memory": calls.try("mprotect", page, 4096, prot),
      "executable memory with a key": calls.try("pkey_mprotect", page, 4096, prot, -1),
    };
  }

  /** Closes the file of an attempt: it is none of the runtime's. */
  #close(attempt: Attempt): Attempt {
    if (attempt.result >= 0) this.#calls.must("close", attempt.result);
    return attempt;
  }

  /** Writes nothing into each regular file that is open for writing. */
  #tryWritableFiles(): Attempt {
    const calls = this.#calls;
    const facts = new Uint8Array(256), mode = IS_X86 ? 24 : 16;
    for (let file = 3; file < 256; file++) {
      if (calls.call("fstat", file, facts) !== 0n) continue;
      const isRegular = (facts[mode + 1]! & 0xf0) === 0x80;
      if (!isRegular || calls.call("write", file, facts, 0) !== 0n) continue;
      return { result: file, errno: 0 };
    }
    return { result: -1, errno: EPERM };
  }

  /**
   * Makes shared memory of a file writable, and writes a byte that is there already. The memory has
   * the file's content, so another byte would change the file.
   */
  #tryMappings(): Attempt {
    const calls = this.#calls;
    let text = "";
    const part = new Uint8Array(64 * 1024);
    for (let size = 1; size > 0;) {
      size = calls.must("read", this.#maps, part, part.length);
      text += new TextDecoder().decode(part.subarray(0, size));
    }
    for (const line of text.split("\n")) {
      const address = SHARED_FILE.exec(line)?.[1];
      if (address === undefined) continue;
      const page = BigInt(`0x${address}`);
      if (calls.call("mprotect", page, 4096, PROT_READ | PROT_WRITE) !== 0n) continue;
      const view = new Deno.UnsafePointerView(Deno.UnsafePointer.create(page)!);
      const byte = new Uint8Array(view.getArrayBuffer(1));
      byte.set(byte.slice());
      return { result: 0, errno: 0 };
    }
    return { result: -1, errno: EPERM };
  }

  #trySpawn(...command: [string, ...string[]]): Attempt {
    const errno = this.#calls.spawn(new Uint8Array(8), command);
    return { result: errno === 0 ? 0 : -1, errno };
  }

  /** Starts a process of the same user that keeps none of this process's files. */
  #startSibling(): number {
    const calls = this.#calls;
    const pid = new Uint8Array(8);
    for (const file of [0, 1, 2]) calls.must("fcntl", file, F_SETFD, FD_CLOEXEC);
    const errno = calls.spawn(pid, ["/bin/sleep", `${SIBLING_SECONDS}`]);
    for (const file of [0, 1, 2]) calls.must("fcntl", file, F_SETFD, 0);
    if (errno !== 0) throw new Error(`No sibling: ${errno}`);
    return new DataView(pid.buffer).getInt32(0, true);
  }

  /** Returns the first address in the memory of a process. */
  #firstAddress(pid: number): bigint {
    const maps = this.#calls.must("openat", AT_FDCWD, bytes(`/proc/${pid}/maps`), O_RDONLY);
    const text = new Uint8Array(64);
    this.#calls.must("read", maps, text, text.length);
    return BigInt(`0x${new TextDecoder().decode(text).split("-")[0]}`);
  }
}

/** Returns any port of the loopback address. */
const anyPort = () => Uint8Array.of(AF_INET, 0, 0, 0, 127, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0);
