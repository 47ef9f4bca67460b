/** Runs a filter as the kernel does. No process is sealed. */

import {
  AND,
  ARCHITECTURE_AT,
  argumentAt,
  JUMP_IF_EQUAL,
  LOAD,
  NUMBER_AT,
  RETURN,
} from "./filter.ts";

/** A system call. */
export interface SystemCall {
  /** The kernel's id of the architecture. */
  readonly audit: number;
  readonly number: number;
  /** Up to six arguments, 64 bits each. */
  readonly arguments: readonly bigint[];
}

/**
 * Returns what a filter decides.
 *
 * @param program The bytes of the filter
 * @throws {RangeError} for a program that the kernel would not accept
 */
export function runFilter(program: Uint8Array, call: SystemCall): number {
  const data = new DataView(new ArrayBuffer(64));
  data.setInt32(NUMBER_AT, call.number, true);
  data.setUint32(ARCHITECTURE_AT, call.audit, true);
  call.arguments.forEach((value, i) => {
    data.setBigUint64(argumentAt(i, false), BigInt.asUintN(64, value), true);
  });
  const view = new DataView(program.buffer, program.byteOffset, program.length);
  let accumulator = 0;
  for (let i = 0; 8 * i < program.length; i++) {
    const code = view.getUint16(8 * i, true);
    const value = view.getUint32(8 * i + 4, true);
    switch (code) {
      case LOAD:
        if (value % 4 !== 0 || value >= 64) throw new RangeError(`load at ${value}`);
        accumulator = data.getUint32(value, true);
        break;
      case AND:
        accumulator = (accumulator & value) >>> 0;
        break;
      case JUMP_IF_EQUAL:
        i += view.getUint8(8 * i + (accumulator === value ? 2 : 3));
        break;
      case RETURN:
        return value;
      default:
        throw new RangeError(`code ${code}`);
    }
  }
  throw new RangeError("the program does not return");
}
