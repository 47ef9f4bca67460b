/** Keeps and searches the vectors of a collection's users for one model. */

import { compare, findNearest } from "../../matching/nearest.ts";
import type { Scan } from "../../matching/scan.ts";
import { VectorRows } from "./vector_rows.ts";

/** A user's vector for one model, as {@linkcode ModelVectors} keeps it. */
export interface UserVector<User> {
  /** The user that the vector belongs to. */
  readonly user: User;
  /** All vectors of the model. */
  readonly of: ModelVectors<User>;
  /** Number of templates of which the vector is fused. */
  readonly templates: number;
  /** Place of the vector; changes when other vectors are removed. */
  row: number;
}

/** The result of a search. */
export interface FoundUser<User> {
  /** The nearest user. */
  readonly user: User;
  /** Similarity with the nearest user, −1 to 1. */
  readonly similarity: number;
  /** Number of templates of the users that were compared. */
  readonly compared: number;
  /** Highest similarity with another user; undefined when no other user was compared. */
  readonly runnerUp: number | undefined;
}

/** One vector for each user that has templates of the model. */
export class ModelVectors<User> {
  /** sha256 of the model. */
  readonly model: string;
  readonly #scan: Scan;
  readonly #rows: VectorRows;
  /** The owner of each row. */
  readonly #owners: UserVector<User>[] = [];
  #templates = 0;

  /** Makes it without users. */
  constructor(model: string, dimension: number, scan: Scan, rowsPerSegment?: number) {
    this.model = model;
    this.#rows = new VectorRows(dimension, rowsPerSegment);
    this.#scan = scan;
  }

  /** Number of templates of all users. */
  get templates(): number {
    return this.#templates;
  }

  /** Adds a user that is not there. Copies the vector. */
  add(user: User, vector: Float32Array, templates: number): UserVector<User> {
    const added = { user, of: this, templates, row: this.#rows.length };
    this.#rows.push(vector);
    this.#owners.push(added);
    this.#templates += templates;
    return added;
  }

  /** Removes a user's vector. */
  remove({ row, templates }: UserVector<User>): void {
    this.#rows.remove(row);
    const last = this.#owners.pop()!;
    if (row < this.#owners.length) {
      this.#owners[row] = last;
      last.row = row;
    }
    this.#templates -= templates;
  }

  /** Returns a copy of a user's vector. */
  copy({ row }: UserVector<User>): Float32Array {
    return this.#rows.at(row).slice();
  }

  /** Compares a probe with one user (1:1); undefined when the probe contains NaN. */
  compareWith(
    { user, row, templates }: UserVector<User>,
    probe: Float32Array,
  ): FoundUser<User> | undefined {
    const similarity = compare(this.#rows.at(row), probe);
    if (similarity === undefined) return undefined;
    return { user, similarity, compared: templates, runnerUp: undefined };
  }

  /** Finds the nearest user (1:N), except one; undefined when there is none to compare with. */
  findNearest(probe: Float32Array, except?: UserVector<User>): FoundUser<User> | undefined {
    const nearest = findNearest(this.#rows.segments(), probe, this.#scan, except?.row);
    if (nearest === undefined) return undefined;
    const { index, similarity, runnerUp } = nearest;
    const compared = this.#templates - (except?.templates ?? 0);
    return { user: this.#owners[index]!.user, similarity, compared, runnerUp };
  }
}
