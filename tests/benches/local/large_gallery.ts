/** A gallery file of users whose faces are random directions. */

import { join } from "node:path";
import { randomPeople } from "../../support/random_people.ts";

/** The file; disposed, it is gone. */
export interface LargeGallery extends AsyncDisposable {
  readonly path: string;
}

/** Writes a gallery of `users` users, one template each, at full precision. */
export async function largeGallery(users: number): Promise<LargeGallery> {
  const folder = await Deno.makeTempDir();
  const path = join(folder, "gallery.json");
  const embeddings = randomPeople(users, 1, 512, 1).map(([embedding], i) => ({
    user_id: `user-${i}`,
    name: `User ${i}`,
    embedding: [...embedding!],
  }));
  await Deno.writeTextFile(path, JSON.stringify({ embeddings }));
  return { path, [Symbol.asyncDispose]: () => Deno.remove(folder, { recursive: true }) };
}
