/** Finds weights that are so small that they count as zero. */

/**
 * Bits of the float 1e-15. The product of a smaller weight and a number of a network is denormal,
 * or too small to change a sum. The code compares the bits of weights, because the bits rise with
 * the magnitude. A comparison of the numbers would be wrong where ONNX Runtime flushes denormal
 * numbers: there it treats them as zero.
 */
export const NEGLIGIBLE_BITS: number = magnitudeBits(Float32Array.of(1e-15))[0]!;

/** Returns the bits of each number's magnitude: {@linkcode NEGLIGIBLE_BITS}. */
export function magnitudeBits({ buffer, byteOffset, length }: Float32Array): Uint32Array {
  return new Uint32Array(buffer, byteOffset, length).map((bits) => bits & 0x7fffffff);
}
