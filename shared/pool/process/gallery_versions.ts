/** Remembers which gallery exists now, and whether a worker could load it. */

/** The versions of a gallery that changes, by their fingerprints. */
export class GalleryVersions {
  #present: string | undefined;
  #proven: string | undefined;
  #change = new AbortController();

  /** True when a worker has loaded the gallery that exists now. */
  get isProven(): boolean {
    return this.#present === this.#proven;
  }

  /** Aborts at the next change. */
  get changed(): AbortSignal {
    return this.#change.signal;
  }

  /** Records the gallery that exists now. Returns true when it is another one than before. */
  see(fingerprint: string): boolean {
    if (fingerprint === this.#present) return false;
    this.#present = fingerprint;
    this.#change.abort();
    this.#change = new AbortController();
    return true;
  }

  /**
   * Records that a worker has loaded a gallery. Returns true when the gallery exists now, and no
   * worker had loaded it before.
   */
  prove(fingerprint: string): boolean {
    if (fingerprint !== this.#present || fingerprint === this.#proven) return false;
    this.#proven = fingerprint;
    return true;
  }

  /** True for another gallery than the one that exists now. */
  isOld(fingerprint: string): boolean {
    return fingerprint !== this.#present;
  }
}
