/** A gallery file with random embeddings. */

import { CHECKOUT_MODEL } from "../../support/checkout_model.ts";
import { randomPeople } from "../../support/random_people.ts";
import { type TemporaryFolder, temporaryFolder } from "../../support/temporary_folder.ts";

/** Name of the gallery file in the folder. */
export const GALLERY = "gallery.json";

/** Writes a gallery of `users` users, with one template each, at full precision. */
export async function largeGallery(users: number): Promise<TemporaryFolder> {
  const embeddings = randomPeople(users, 1, CHECKOUT_MODEL.dimension, 1).map(([embedding], i) => ({
    user_id: `user-${i}`,
    name: `User ${i}`,
    embedding: [...embedding!],
  }));
  return await temporaryFolder({ [GALLERY]: JSON.stringify({ embeddings }) });
}
