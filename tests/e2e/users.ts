/** Enrols and lists users of an installed release, with the key that its notes tell how to read. */

import { assert, assertEquals } from "@std/assert";
import { type Answer, readAnswer } from "../support/answer.ts";
import { eventually } from "../support/eventually.ts";
import { helm } from "../support/helm.ts";
import { runProgram } from "../support/run_program.ts";
import { type Release, SERVICE } from "./release.ts";

/** The longest time for which an upgrade may leave the gallery unavailable. */
const UNAVAILABLE_FOR_MS = 30_000;

/** Calls that need a key. */
export interface Users {
  /** Makes a call with the administrator's key. */
  call(method: string, path: string, body?: Uint8Array | object): Promise<Answer>;
  /** Creates a user, and enrols the person in a picture as this user. */
  enrol(userId: string, picture: Uint8Array): Promise<void>;
  /** Returns the ids of all users with their numbers of templates. */
  list(): Promise<Map<string, number>>;
}

/** Reads the key as the notes of the release say. */
export async function openUsers({ release }: Release): Promise<Users> {
  const notes = await helm(["get", "notes", release]);
  assert(notes.ok, notes.text);
  const command = notes.text.split("\n").map((line) => line.trim())
    .find((line) => line.startsWith("KEY="));
  assert(command !== undefined, "The notes do not say how to read the key");
  const { ok, text } = await runProgram("bash", ["-c", `${command}; printf %s "$KEY"`]);
  assert(ok && /^fi_\w+$/.test(text), text.slice(0, 6));

  const call: Users["call"] = (method, path, body) => {
    const isPicture = body instanceof Uint8Array;
    return readAnswer(fetch(new URL(path, SERVICE), {
      method,
      headers: {
        "Authorization": `Bearer ${text}`,
        ...body !== undefined && !isPicture && { "Content-Type": "application/json" },
      },
      body: body === undefined ? null : isPicture ? body as BodyInit : JSON.stringify(body),
    }));
  };
  return {
    call,
    async enrol(userId, picture) {
      const created = await call("PUT", `/users/${userId}`, { name: userId });
      assert([200, 201].includes(created.status), created.text);
      const { status, text } = await call("POST", `/users/${userId}/templates`, picture);
      assertEquals(status, 201, text);
    },
    async list() {
      const users = new Map<string, number>();
      let cursor: string | null = null;
      do {
        const query: string = cursor === null ? "" : `&cursor=${encodeURIComponent(cursor)}`;
        const answer = await untilServed(() => call("GET", `/users?limit=100${query}`));
        assertEquals(answer.status, 200, answer.text);
        const page = JSON.parse(answer.text);
        for (const { user_id, templates } of page.users) users.set(user_id, templates);
        cursor = page.next_cursor;
      } while (cursor !== null);
      return users;
    },
  };
}

/** Repeats a request for as long as the answer is a 503, as the API asks its clients to. */
async function untilServed(ask: () => Promise<Answer>): Promise<Answer> {
  let answer!: Answer;
  await eventually(
    async () => (answer = await ask()).status !== 503,
    "the gallery answers",
    UNAVAILABLE_FOR_MS,
  );
  return answer;
}
