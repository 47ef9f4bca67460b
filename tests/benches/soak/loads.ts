/** Loads that disturb a service in different ways, all at the same time. */

import sharp from "sharp";
import { delay } from "../../../shared/backoff.ts";
import { forever } from "../../support/forever.ts";
import { encoded, gray, type Picture, sample } from "../../support/pictures.ts";
import { RawConnection } from "../../support/raw_http.ts";
import { seededRandom } from "../../support/seeded_random.ts";
import type { Service } from "../../support/service.ts";

/** Sends all loads to a service. */
export class Loads {
  /** Number of answers for each status. The key "aborted" counts uploads that the client ended. */
  readonly outcomes = new Map<string, number>();
  readonly #service: Service;
  readonly #pictures: readonly Picture[];
  readonly #isRunning: () => boolean;
  readonly #random = seededRandom(1);

  private constructor(
    service: Service,
    pictures: readonly Picture[],
    isRunning: () => boolean,
  ) {
    this.#service = service;
    this.#pictures = pictures;
    this.#isRunning = isRunning;
  }

  /** Prepares loads that run on a service while `isRunning` returns true. */
  static async prepare(service: Service, isRunning: () => boolean): Promise<Loads> {
    return new Loads(service, await loadPictures(), isRunning);
  }

  /** Runs all loads until `isRunning` returns false. */
  async run(): Promise<void> {
    await Promise.all([
      this.#steady(),
      this.#steady(),
      this.#bursts(),
      this.#stalledUploads(),
      this.#abortedUploads(),
      this.#killedWorkers(),
    ]);
  }

  /** Number of answers and aborted uploads. */
  get total(): number {
    return this.outcomes.values().reduce((sum, times) => sum + times, 0);
  }

  /** Sends one request after another. */
  async #steady(): Promise<void> {
    for (; this.#isRunning(); await this.#pause(400)) await this.#ask();
  }

  /** Sends more requests at the same time than fit in the pool and the queue together. */
  async #bursts(): Promise<void> {
    for (; this.#isRunning(); await this.#pause(20_000)) {
      await Promise.all(Array.from({ length: 30 }, () => this.#ask()));
    }
  }

  /** Sends only the beginning of each body, and waits until the service refuses the upload. */
  async #stalledUploads(): Promise<void> {
    for (; this.#isRunning(); await this.#pause(3000)) {
      await Promise.all(Array.from({ length: 10 }, async () => {
        using connection = await RawConnection.open(this.#service.url);
        await connection.send(head(1_000_000), this.#pictures[0]!.subarray(0, 5000));
        this.#count(String((await connection.answer())?.status));
      }));
    }
  }

  /** Closes each connection before the last byte of its upload of one megabyte. */
  async #abortedUploads(): Promise<void> {
    const body = new Uint8Array(1_000_000);
    for (; this.#isRunning(); await this.#pause(500)) {
      using connection = await RawConnection.open(this.#service.url);
      await connection.send(head(body.byteLength), body.subarray(1));
      this.#count("aborted");
    }
  }

  async #killedWorkers(): Promise<void> {
    for (; this.#isRunning(); await this.#pause(7000)) {
      const worker = this.#pick(await this.#service.workers());
      try {
        if (worker !== undefined) Deno.kill(worker, "SIGKILL");
      } catch (error) {
        // The worker has already ended.
        if (!(error instanceof Deno.errors.NotFound)) throw error;
      }
    }
  }

  async #ask(): Promise<void> {
    const { status } = await this.#service.post(this.#pick(this.#pictures)!);
    this.#count(String(status));
  }

  #pick<T>(values: readonly T[]): T | undefined {
    return values[Math.floor(this.#random() * values.length)];
  }

  /** Waits for a random time between 0.5 and 1.5 times `ms`. */
  #pause(ms: number): Promise<void> {
    return delay(ms * (0.5 + this.#random()), forever());
  }

  #count(outcome: string): void {
    this.outcomes.set(outcome, (this.outcomes.get(outcome) ?? 0) + 1);
  }
}

function head(bytes: number): string {
  return `POST /authenticate HTTP/1.1\r\nHost: localhost\r\nContent-Length: ${bytes}\r\n\r\n`;
}

async function loadPictures(): Promise<Picture[]> {
  const known = await Promise.all(
    ["user1_similar.png", "user2.png", "different.png", "user3.png"].map(sample),
  );
  const large = await encoded(sharp(known[0]).resize(3000, 3200).jpeg());
  const text = new TextEncoder().encode("This is no picture at all");
  return [...known, large, known[0]!.slice(0, 20_000), await gray(300, 300), text];
}
