/** Fuses a user's templates into one vector for each model. */

import { canonicalModel } from "../../models/known_models.ts";
import { fuse } from "../../matching/fuse.ts";
import { dot } from "../../matching/vector.ts";
import type { IndexedTemplate, IndexedUser } from "../store/store.ts";

/** A user's templates of one model as one vector. */
export interface FusedTemplates {
  /** The model, as `canonicalModel` names it. */
  readonly model: string;
  /** As long as the model's templates. Its length is 1, or less when the templates disagree. */
  readonly vector: Float32Array;
  /** Number of templates. */
  readonly templates: number;
}

/**
 * Returns one vector for each model of which a user has templates.
 *
 * @throws {RangeError} naming the user, when a template is not L2-normalised, or templates of one
 * model have different lengths
 */
export function fuseUser({ collection, userId, templates }: IndexedUser): FusedTemplates[] {
  const byModel = Map.groupBy(templates, ({ model }) => canonicalModel(model));
  return Array.from(byModel, ([model, group]) => {
    const dimension = group[0]!.embedding.length;
    if (
      !group.every(({ embedding }) => embedding.length === dimension && isNormalised(embedding))
    ) {
      throw new RangeError(
        `The user ${JSON.stringify(userId)} of the collection ${JSON.stringify(collection)} has ` +
          `templates of the model ${model} that are not L2-normalised or not equally long`,
      );
    }
    return { model, vector: fuse(group.map(embeddingOf)), templates: group.length };
  });
}

const embeddingOf = ({ embedding }: IndexedTemplate): Float32Array => embedding;

/** Rounding to float32 changes the square of the length by less than 1e-6. NaN is not normalised. */
const isNormalised = (embedding: Float32Array): boolean =>
  Math.abs(dot(embedding, 0, embedding) - 1) < 1e-3;
