/**
 * Machine code of an attacker, for calls that a function of the C library cannot make. Only for
 * x86-64: arm64 has neither of these calls.
 */

import { type Attempt, bytes, type RawCalls } from "./raw_calls.ts";

const PROT_READ_WRITE_EXEC = 7, MAP_PRIVATE_ANONYMOUS_32BIT = 0x2 | 0x20 | 0x40;
const PAGE = 4096, CALL_AT = 0, FORK_AT = 64, TEXT_AT = 128;
/** Numbers of 32-bit calls: asm/unistd_32.h. */
const OPEN_32 = 5;
/** Numbers of 64-bit calls. */
const FORK = 57, VFORK = 58;

/** A call of a 32-bit program: number and three arguments. */
const CALL_32 = Uint8Array.of(
  ...[0x53], // push rbx
  ...[0x89, 0xf8], // mov eax, edi
  ...[0x89, 0xf3], // mov ebx, esi
  ...[0x87, 0xd1], // xchg ecx, edx
  ...[0xcd, 0x80], // int 0x80
  ...[0x48, 0x98], // cdqe
  ...[0x5b], // pop rbx
  ...[0xc3], // ret
);
const CALL_32_TYPE = { parameters: ["u32", "u32", "u32", "u32"], result: "i64" } as const;
/** Calls a number without arguments. A process that comes of it ends at once. */
const FORK_CODE = Uint8Array.of(
  ...[0x89, 0xf8], // mov eax, edi
  ...[0x0f, 0x05], // syscall
  ...[0x85, 0xc0], // test eax, eax
  ...[0x74, 0x03], // jz child
  ...[0x48, 0x98], // cdqe
  ...[0xc3], // ret
  ...[0x31, 0xff], // child: xor edi, edi
  ...[0xb8, 60, 0, 0, 0], // mov eax, exit
  ...[0x0f, 0x05], // syscall
);
const FORK_TYPE = { parameters: ["u32"], result: "i64" } as const;

/**
 * Tries what needs machine code.
 *
 * @param has32BitCalls False: the kernel has none, and would end the process for trying one
 */
export function tryNativeCode(calls: RawCalls, has32BitCalls: boolean): Record<string, Attempt> {
  const flags = MAP_PRIVATE_ANONYMOUS_32BIT;
  const address = calls.call("mmap", 0, PAGE, PROT_READ_WRITE_EXEC, flags, -1, 0);
  if (address < 0n) return {};
  const at = <T>(offset: number) => Deno.UnsafePointer.create<T>(address + BigInt(offset))!;
  const page = new Uint8Array(new Deno.UnsafePointerView(at(0)).getArrayBuffer(PAGE));
  page.set(CALL_32, CALL_AT);
  page.set(FORK_CODE, FORK_AT);
  page.set(bytes("/etc/passwd"), TEXT_AT);
  const call32 = new Deno.UnsafeFnPointer(at<typeof CALL_32_TYPE>(CALL_AT), CALL_32_TYPE);
  const fork = new Deno.UnsafeFnPointer(at<typeof FORK_TYPE>(FORK_AT), FORK_TYPE);
  return {
    "fork by its old number": attempt(fork.call(FORK)),
    "vfork": attempt(fork.call(VFORK)),
    ...has32BitCalls && {
      "open a file by a 32-bit call": attempt(
        call32.call(OPEN_32, Number(address) + TEXT_AT, 0, 0),
      ),
    },
  };
}

/** The kernel itself returns an error as a negative number. */
const attempt = (result: bigint): Attempt =>
  result < 0n ? { result: -1, errno: Number(-result) } : { result: Number(result), errno: 0 };
