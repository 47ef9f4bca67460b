/**
 * The system calls that a sealed worker may make. All others are refused.
 *
 * The numbers are facts of the kernel's interface: `asm/unistd_64.h` for x86-64, and
 * `asm-generic/unistd.h` for arm64, of the Linux headers.
 */

/** An architecture for which the worker can seal itself, as Deno names it. */
export type Architecture = "x86_64" | "aarch64";

/** A condition on one argument of a system call. */
export interface ArgumentCheck {
  /** Position of the argument, from 0. */
  readonly argument: number;
  /** True: the upper 32 bits are compared. Otherwise the lower ones. */
  readonly upper?: boolean;
  /** Bits that are compared; all by default. */
  readonly mask?: number;
  /** The argument must be one of these numbers. */
  readonly oneOf: readonly number[];
}

/** A system call that is allowed when its arguments pass all checks. */
export interface AllowedCall {
  /** Number of the call. */
  readonly number: number;
  /** Conditions; none: the call is always allowed. */
  readonly checks: readonly ArgumentCheck[];
}

/** Differences between two filters. */
export interface AllowOptions {
  /** Id of this process. It may send signals to itself only. */
  readonly pid: number;
  /** True for a worker that tells when the files of its gallery change: it may look at names. */
  readonly looksAtFiles: boolean;
}

/** Number on x86-64 and number on arm64; null: the architecture does not have the call. */
type Numbers = readonly [x86: number, arm: number | null];

/** Calls of a worker that serves requests, whatever their arguments are. */
const ALWAYS = {
  read: [0, 63],
  write: [1, 64],
  readv: [19, 65],
  writev: [20, 66],
  pread64: [17, 67],
  close: [3, 57],
  fstat: [5, 80],

  accept4: [288, 242],
  recvfrom: [45, 207],
  shutdown: [48, 210],
  getsockname: [51, 204],
  getpeername: [52, 205],
  getsockopt: [55, 209],

  epoll_wait: [232, null],
  epoll_ctl: [233, 21],
  epoll_pwait: [281, 22],
  epoll_pwait2: [441, 441],
  poll: [7, null],
  ppoll: [271, 73],
  eventfd2: [290, 19],

  mprotect: [10, 226],
  // The same with a key. V8 calls it for the code that it makes, where the processor has such keys.
  pkey_mprotect: [329, 288],
  munmap: [11, 215],
  mremap: [25, 216],
  madvise: [28, 233],
  brk: [12, 214],

  futex: [202, 98],
  sched_yield: [24, 124],
  sched_getparam: [143, 121],
  sched_getscheduler: [145, 120],
  sched_getaffinity: [204, 123],
  membarrier: [324, 283],
  getcpu: [309, 168],
  set_robust_list: [273, 99],
  rseq: [334, 293],

  clock_gettime: [228, 113],
  gettimeofday: [96, 169],
  clock_nanosleep: [230, 115],
  nanosleep: [35, 101],
  restart_syscall: [219, 128],

  rt_sigaction: [13, 134],
  rt_sigprocmask: [14, 135],
  rt_sigreturn: [15, 139],
  sigaltstack: [131, 132],

  getpid: [39, 172],
  gettid: [186, 178],
  getrandom: [318, 278],
  getrusage: [98, 165],
  exit: [60, 93],
  exit_group: [231, 94],
} as const satisfies Readonly<Record<string, Numbers>>;

/** Calls that are allowed with some arguments only. */
const CHECKED = {
  clone: [56, 220],
  fcntl: [72, 25],
  mmap: [9, 222],
  prctl: [157, 167],
  sendto: [44, 206],
  setsockopt: [54, 208],
  tgkill: [234, 131],
} as const satisfies Readonly<Record<string, Numbers>>;

/** Calls that look at names, sizes and times of files, and read none. */
const LOOKS = {
  statx: [332, 291],
  newfstatat: [262, 79],
  getdents64: [217, 61],
} as const satisfies Readonly<Record<string, Numbers>>;
const OPENAT: Numbers = [257, 56];

/** Answered with ENOSYS: the C library then calls clone, whose flags a filter can see. */
const CLONE3: Numbers = [435, 435];

/** Loads a filter. */
const SECCOMP: Numbers = [317, 277];

const CLONE_THREAD = 0x1_0000;
/** CLONE_NEWNS, NEWCGROUP, NEWUTS, NEWIPC, NEWUSER, NEWPID and NEWNET. */
const CLONE_NEW = 0x7e02_0000;
/** F_GETFD, F_SETFD, F_GETFL, F_SETFL, F_DUPFD_CLOEXEC. F_SETOWN would send signals to others. */
const FCNTL_COMMANDS = [1, 2, 3, 4, 1030];
const PR_SET_NAME = 15;
const IPPROTO_TCP = 6, TCP_NODELAY = 1;
const NO_FILE = 0xffff_ffff;
/** Flags of openat that do not matter: O_NONBLOCK, O_LARGEFILE (two values), O_CLOEXEC. */
const OPEN_ANYHOW = 0o4000 | 0o100000 | 0o400000 | 0o2000000;
const O_DIRECTORY = { x86_64: 0o200000, aarch64: 0o40000 };

/** Values of an architecture. */
export interface ArchitectureFacts {
  /** The kernel's id of the architecture (AUDIT_ARCH_*): a filter sees it before the number. */
  readonly audit: number;
  readonly clone3: number;
  readonly seccomp: number;
}

/** The values of both architectures. */
export const ARCHITECTURES: Readonly<Record<Architecture, ArchitectureFacts>> = {
  x86_64: { audit: 0xc000_003e, clone3: CLONE3[0], seccomp: SECCOMP[0] },
  aarch64: { audit: 0xc000_00b7, clone3: CLONE3[1]!, seccomp: SECCOMP[1]! },
};

/** Returns the calls that a sealed worker may make. */
export function allowedCalls(
  architecture: Architecture,
  { pid, looksAtFiles }: AllowOptions,
): AllowedCall[] {
  const numberOf = (numbers: Numbers) => numbers[architecture === "x86_64" ? 0 : 1];
  const allow = (numbers: Numbers, ...checks: ArgumentCheck[]): AllowedCall[] => {
    const number = numberOf(numbers);
    return number === null ? [] : [{ number, checks }];
  };
  const directory = O_DIRECTORY[architecture];
  return [
    ...Object.values(ALWAYS).flatMap((numbers) => allow(numbers)),
    // Threads of this process: no other process, and no namespace.
    ...allow(CHECKED.clone, {
      argument: 0,
      mask: CLONE_THREAD | CLONE_NEW,
      oneOf: [CLONE_THREAD],
    }),
    ...allow(CHECKED.fcntl, { argument: 1, oneOf: FCNTL_COMMANDS }),
    // Memory without a file.
    ...allow(CHECKED.mmap, { argument: 4, oneOf: [NO_FILE] }),
    ...allow(CHECKED.prctl, { argument: 0, oneOf: [PR_SET_NAME] }),
    // Without an address: TCP Fast Open connects with it.
    ...allow(
      CHECKED.sendto,
      { argument: 4, oneOf: [0] },
      { argument: 4, upper: true, oneOf: [0] },
    ),
    // What Deno sets for each connection. Another option runs a program of BPF at a socket.
    ...allow(
      CHECKED.setsockopt,
      { argument: 1, oneOf: [IPPROTO_TCP] },
      { argument: 2, oneOf: [TCP_NODELAY] },
    ),
    ...allow(CHECKED.tgkill, { argument: 0, oneOf: [pid] }),
    ...looksAtFiles
      ? [
        ...Object.values(LOOKS).flatMap((numbers) => allow(numbers)),
        // For reading, and only if it is a folder.
        ...allow(OPENAT, {
          argument: 2,
          mask: ~OPEN_ANYHOW,
          oneOf: [directory],
        }),
      ]
      : [],
  ];
}
