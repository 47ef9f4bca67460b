/** Assembles `worker/pipeline/pixels.wat`. As a program, writes the result beside it. */

import wabt from "wabt";
import { ROOT } from "./checkout.ts";

/** Text of the inner loops over pixels. */
const SOURCE = `${ROOT}/worker/pipeline/pixels.wat`;
/** The same, assembled: the file that the worker loads. */
export const ASSEMBLED = `${ROOT}/worker/pipeline/pixels.wasm`;

/** Returns the bytes of the assembled loops. */
export async function assemblePixels(): Promise<Uint8Array> {
  const assembler = await wabt();
  const module = assembler.parseWat("pixels.wat", await Deno.readTextFile(SOURCE));
  module.validate();
  return module.toBinary({}).buffer;
}

if (import.meta.main) await Deno.writeFile(ASSEMBLED, await assemblePixels());
