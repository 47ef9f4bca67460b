/**
 * Checks answers while people are enrolled and deleted at the same time. A request sent after a
 * deletion was acknowledged must not name the user; one sent after an enrolment was acknowledged must.
 */

import type { Answer } from "../support/answer.ts";
import type { EmbeddedPerson } from "../support/embedded_people.ts";

/** State in which a person must be at the moment; undefined while a change is under way. */
type Known = "absent" | "enrolled" | undefined;

/** A person whose user is created and deleted. */
export class ObservedPerson {
  readonly person: EmbeddedPerson;
  #known: Known = "absent";
  /** Counts the changes of what is known. */
  #version = 0;

  constructor(person: EmbeddedPerson) {
    this.person = person;
  }

  /** Call this before the first request of a change is sent. */
  changing(): void {
    this.#set(undefined);
  }

  /** Call this when a change was acknowledged. */
  changed(known: Exclude<Known, undefined>): void {
    this.#set(known);
  }

  /**
   * Call this when a request with a picture of the person is sent. Returns a function that judges
   * its answer: it returns an error, or undefined for an answer that is allowed.
   */
  sending(): (answer: Answer) => string | undefined {
    const known = this.#known, version = this.#version;
    const { userId } = this.person;
    return ({ text }) => {
      const { matched, user_id: named } = JSON.parse(text);
      if (matched && named !== userId) return `${userId} was taken for ${named}`;
      if (version !== this.#version) return undefined;
      if (known === "absent" && matched) return `${userId} was named after the deletion`;
      if (known === "enrolled" && !matched) return `${userId} was not recognised`;
      return undefined;
    };
  }

  #set(known: Known): void {
    this.#known = known;
    this.#version++;
  }
}
