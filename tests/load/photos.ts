/** Photographs for tests under load, and what is the right answer to each. */

import { assertEquals } from "@std/assert";
import { type Picture, sample } from "../support/pictures.ts";
import type { Answer } from "../support/answer.ts";

/** A photograph, and who of the sample gallery it shows; undefined: nobody. */
export interface Photo {
  readonly picture: Picture;
  readonly userId: string | undefined;
}

/** Photographs of three users, and of one stranger. */
export async function loadPhotos(): Promise<Photo[]> {
  const users = [
    ["user1_similar.png", "user1"],
    ["user2.png", "user2"],
    ["user3.png", "user3"],
    ["different.png", undefined],
  ] as const;
  return await Promise.all(
    users.map(async ([file, userId]) => ({ picture: await sample(file), userId })),
  );
}

/** Checks that the answer is the right one for the photograph. */
export function assertRecognised({ status, text }: Answer, { userId }: Photo): void {
  assertEquals(status, 200, text);
  const { matched, user_id } = JSON.parse(text);
  assertEquals([matched, user_id], [userId !== undefined, userId]);
}
