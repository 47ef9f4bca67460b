/** Users and templates in the form of answers. */

import type { GalleryUser, Template, User } from "../shared/contract/users.ts";
import type { StoredTemplate, StoredUser } from "./store/store.ts";

/** Returns a user in the form of answers. */
export function userAnswer(user: StoredUser): User {
  return {
    user_id: user.userId,
    name: user.name,
    consent_ref: user.consentRef ?? null,
    expires_at: timeOrNull(user.expiresAt),
    created_at: time(user.createdAt),
    updated_at: time(user.updatedAt),
    last_seen_at: timeOrNull(user.lastSeenAt),
    templates: user.templates,
  };
}

/** Returns a template in the form of answers. */
export function templateAnswer({ templateId, model, createdAt }: StoredTemplate): Template {
  return { template_id: templateId, model, created_at: time(createdAt) };
}

/** Returns a user with all templates, and tells if the user is locked, in the form of answers. */
export function userWithTemplates(
  user: StoredUser,
  templates: readonly StoredTemplate[],
  locked: boolean,
): GalleryUser {
  return { ...userAnswer(user), ...locked && { locked }, templates: templates.map(templateAnswer) };
}

const time = (ms: number): string => new Date(ms).toISOString();
const timeOrNull = (ms: number | undefined): string | null => ms === undefined ? null : time(ms);
