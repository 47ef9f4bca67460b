/** Failures of the store, as the service sees them. */

import { describeError } from "../shared/log.ts";
import { StoreDamaged, StoreUnavailable } from "./store/store.ts";

/** True for an error of the store that its caller cannot help. */
export function isStoreFailure(error: unknown): error is StoreDamaged | StoreUnavailable {
  return error instanceof StoreDamaged || error instanceof StoreUnavailable;
}

/** Describes an error for the log, without the id of a user. */
export function describeFailure(error: unknown): string {
  if (!(error instanceof StoreDamaged)) return describeError(error);
  return `The template ${error.templateId} cannot be decrypted`;
}
