/** Sends requests that need the gallery at a steady pace, while a test disturbs the service. */

import { assert, assertEquals } from "@std/assert";
import { delay } from "../../shared/backoff.ts";
import type { Answer } from "../support/answer.ts";
import { assertProblem } from "../support/assert_problem.ts";
import { forever } from "../support/forever.ts";
import type { Users } from "./users.ts";

/** The result of a load. */
export interface LoadResult {
  /** Ids of the users whose creation was acknowledged. */
  readonly created: readonly string[];
  readonly answers: readonly Answer[];
}

/** A pause between two requests of one kind. Creating a user takes no worker. */
const CREATE_EVERY_MS = 200;
const RECOGNISE_EVERY_MS = 3000;

/**
 * Creates users and recognises a person, until it is stopped. Each answer must be a success or a 503
 * that says when to try again.
 *
 * @param recognise Sends a picture of an enrolled person to /authenticate
 * @param prefix Beginning of the ids of the created users
 */
export function startLoad(users: Users, recognise: () => Promise<Answer>, prefix: string) {
  const stop = new AbortController();
  const created: string[] = [];
  const answers: Answer[] = [];
  const repeat = async (everyMs: number, ask: (i: number) => Promise<Answer>) => {
    for (let i = 0; !stop.signal.aborted; i++) {
      const answer = await ask(i);
      answers.push(answer);
      if (answer.status !== 503) {
        assert([200, 201].includes(answer.status), answer.text);
      } else {
        const { code } = JSON.parse(answer.text);
        assert(["gallery_unavailable", "no_worker_available"].includes(code), answer.text);
        assertProblem(answer, code);
        assert(Number(answer.headers.get("Retry-After")) >= 1, "The 503 has no Retry-After");
      }
      await delay(everyMs, forever());
    }
  };
  const ends = Promise.all([
    repeat(CREATE_EVERY_MS, async (i) => {
      const id = `${prefix}-${i}`;
      const answer = await users.call("PUT", `/users/${id}`, { name: id });
      if (answer.status === 201) created.push(id);
      return answer;
    }),
    repeat(RECOGNISE_EVERY_MS, async () => {
      const answer = await recognise();
      if (answer.status === 200) assertEquals(JSON.parse(answer.text).matched, true);
      return answer;
    }),
  ]);
  // A failure is reported by stop().
  ends.catch(() => {});
  return {
    /** Waits until a user is created after this moment. */
    async untilServed(): Promise<void> {
      const before = created.length;
      while (created.length === before) {
        await Promise.race([delay(100, forever()), ends]);
      }
    },
    async stop(): Promise<LoadResult> {
      stop.abort();
      await ends;
      return { created, answers };
    },
  };
}
