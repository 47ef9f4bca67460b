/** Writes the filter of a sealed worker: a program of the kernel's classic BPF. */

import {
  allowedCalls,
  type AllowOptions,
  type Architecture,
  ARCHITECTURES,
  type ArgumentCheck,
} from "./system_calls.ts";

/** One instruction: `struct sock_filter`. */
export interface Instruction {
  readonly code: number;
  /** Number of instructions that are skipped when the comparison is true. */
  readonly ifTrue: number;
  /** Number of instructions that are skipped when the comparison is false. */
  readonly ifFalse: number;
  readonly value: number;
}

/** Codes of instructions. */
export const LOAD = 0x20, JUMP_IF_EQUAL = 0x15, AND = 0x54, RETURN = 0x06;

/** Results of a filter. */
export const ALLOW = 0x7fff_0000, FAIL_EPERM = 0x0005_0001, FAIL_ENOSYS = 0x0005_0026;

/** Places in `struct seccomp_data`, in bytes. */
export const NUMBER_AT = 0, ARCHITECTURE_AT = 4;

/** Place of one half of an argument. Both architectures are little-endian. */
export const argumentAt = (argument: number, upper: boolean): number =>
  16 + 8 * argument + (upper ? 4 : 0);

const load = (place: number): Instruction => step(LOAD, place);
const leave = (result: number): Instruction => step(RETURN, result);
const step = (code: number, value: number, ifTrue = 0, ifFalse = 0): Instruction => ({
  code,
  ifTrue,
  ifFalse,
  value: value >>> 0,
});

/**
 * Returns the filter. It refuses a call with the error EPERM instead of ending the process: what Deno
 * tries without need then fails as it does without a permission.
 */
export function sealFilter(architecture: Architecture, options: AllowOptions): Instruction[] {
  const { audit, clone3 } = ARCHITECTURES[architecture];
  return [
    load(ARCHITECTURE_AT),
    // The numbers of another architecture, such as those of 32-bit calls, mean other calls.
    step(JUMP_IF_EQUAL, audit, 1, 0),
    leave(FAIL_EPERM),
    load(NUMBER_AT),
    step(JUMP_IF_EQUAL, clone3, 0, 1),
    leave(FAIL_ENOSYS),
    ...allowedCalls(architecture, options).flatMap(({ number, checks }) => {
      const body = [...checks.flatMap(writeCheck), leave(ALLOW)];
      return [step(JUMP_IF_EQUAL, number, 0, body.length), ...body];
    }),
    leave(FAIL_EPERM),
  ];
}

function writeCheck({ argument, upper = false, mask, oneOf }: ArgumentCheck): Instruction[] {
  return [
    load(argumentAt(argument, upper)),
    ...mask === undefined ? [] : [step(AND, mask)],
    // Each comparison that is true skips the rest, and the refusal.
    ...oneOf.map((value, i) => step(JUMP_IF_EQUAL, value, oneOf.length - i, 0)),
    leave(FAIL_EPERM),
  ];
}

/** Returns the bytes of a program: 8 for each instruction. */
export function encodeFilter(program: readonly Instruction[]): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(8 * program.length);
  const view = new DataView(bytes.buffer);
  program.forEach(({ code, ifTrue, ifFalse, value }, i) => {
    view.setUint16(8 * i, code, true);
    view.setUint8(8 * i + 2, ifTrue);
    view.setUint8(8 * i + 3, ifFalse);
    view.setUint32(8 * i + 4, value, true);
  });
  return bytes;
}
