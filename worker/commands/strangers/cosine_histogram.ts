/** Counts cosines, so that many millions of them need no memory each. */

/**
 * Number of the bins. Each is 3e-5 wide: within it, the share of strangers beyond changes by less
 * than 1 %. The ends of the bins are exact, because the number is a power of two.
 */
const BINS = 65_536;

/** A histogram of cosines from −1 to 1, in bins of one width. */
export class CosineHistogram {
  readonly #counts: Float64Array;
  #total = 0;

  /**
   * @param counts Number of cosines in each bin. Bin i of n holds the cosines from −1 + 2·i/n up to,
   * but not including, −1 + 2·(i + 1)/n. The default is an empty histogram
   */
  constructor(counts: ArrayLike<number> = new Float64Array(BINS)) {
    this.#counts = Float64Array.from(counts);
    for (const count of this.#counts) this.#total += count;
  }

  /** Number of cosines in each bin. */
  get counts(): Readonly<Float64Array> {
    return this.#counts;
  }

  /** Number of cosines. */
  get total(): number {
    return this.#total;
  }

  /** Adds a cosine. Rounding can bring it beyond ±1: it then counts as ±1. */
  add(cosine: number): void {
    this.#counts[this.#binOf(cosine)]!++;
    this.#total++;
  }

  /** Returns the number of cosines that are at least `cosine`, with linear interpolation in a bin. */
  countBeyond(cosine: number): number {
    const place = this.#placeOf(cosine);
    const bin = Math.min(Math.floor(place), this.#counts.length - 1);
    let beyond = this.#counts[bin]! * (bin + 1 - place);
    for (let i = bin + 1; i < this.#counts.length; i++) beyond += this.#counts[i]!;
    return beyond;
  }

  /** Returns the number of cosines in the bin of a cosine and in all bins above it. */
  countFromBinOf(cosine: number): number {
    let count = 0;
    for (let i = this.#binOf(cosine); i < this.#counts.length; i++) count += this.#counts[i]!;
    return count;
  }

  /**
   * Returns the cosine that a share of all cosines exceeds.
   *
   * @param share Above 0, at most 1
   */
  exceededBy(share: number): number {
    const width = 2 / this.#counts.length, wanted = share * this.#total;
    let beyond = 0;
    for (let i = this.#counts.length - 1; i >= 0; i--) {
      const count = this.#counts[i]!;
      if (count > 0 && beyond + count >= wanted) {
        return -1 + width * (i + 1 - (wanted - beyond) / count);
      }
      beyond += count;
    }
    return -1;
  }

  /** Returns the mean of the cosines and their variance, with the middle of its bin for each. */
  moments(): { readonly mean: number; readonly variance: number } {
    const width = 2 / this.#counts.length;
    let sum = 0, squares = 0;
    this.#counts.forEach((count, i) => {
      const middle = -1 + width * (i + 0.5);
      sum += count * middle;
      squares += count * middle * middle;
    });
    const mean = sum / this.#total;
    return { mean, variance: (squares - sum * mean) / (this.#total - 1) };
  }

  /** Returns a number from 0 to the number of bins. */
  #placeOf(cosine: number): number {
    return Math.min(Math.max((cosine + 1) / 2, 0), 1) * this.#counts.length;
  }

  #binOf(cosine: number): number {
    return Math.min(Math.floor(this.#placeOf(cosine)), this.#counts.length - 1);
  }
}
