/** Sample pictures for tests under load, with the right answer to each. */

import { assertEquals } from "@std/assert";
import { type Picture, sample } from "../support/pictures.ts";
import type { Answer } from "../support/answer.ts";

/** A sample picture and the right answer to it. */
export interface LabelledPicture {
  readonly picture: Picture;
  /** Id of the user in the picture; undefined for a stranger. */
  readonly userId: string | undefined;
}

/** Loads pictures of three users and of one stranger. */
export async function loadLabelledPictures(): Promise<LabelledPicture[]> {
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

/** Checks that the answer is the right one for the picture. */
export function assertRecognised({ status, text }: Answer, { userId }: LabelledPicture): void {
  assertEquals(status, 200, text);
  const { matched, user_id } = JSON.parse(text);
  assertEquals([matched, user_id], [userId !== undefined, userId]);
}
