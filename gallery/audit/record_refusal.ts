/** Records that a call was refused. */

import { Problem } from "../../shared/contract/problem.ts";
import type { Gallery } from "../gallery.ts";
import type { AuditEvent } from "./event.ts";

/**
 * Records a refusal, and throws it again. Every other error is thrown as it is: it says nothing about
 * a user.
 *
 * @throws {StoreUnavailable} when the refusal cannot be recorded
 */
export async function recordRefusal(
  { store }: Gallery,
  event: Omit<AuditEvent, "outcome">,
  error: unknown,
): Promise<never> {
  if (error instanceof Problem && error.code !== "gallery_unavailable") {
    await store.record({ ...event, outcome: error.code });
  }
  throw error;
}
