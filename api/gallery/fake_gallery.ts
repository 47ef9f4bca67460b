/** A gallery service for tests, in memory. Equal embeddings are the same face. */

import type { AuditPage, AuditPageQuery } from "../../shared/contract/audit.ts";
import { judgeFace } from "../../shared/contract/face_policy.ts";
import { DEFAULT_POLICY } from "../../shared/contract/fake_policy.ts";
import type { Purpose } from "../../shared/contract/gallery_call.ts";
import type { TryCode } from "../../shared/contract/try_code.ts";
import type {
  GalleryModels,
  PutUser,
  Template,
  User,
  UserExport,
  UserPage,
  UserWithTemplates,
} from "../../shared/contract/users.ts";
import type {
  DecisionAnswer,
  GalleryCaller,
  GalleryClient,
  PutUserOptions,
  SentFace,
  SentTemplate,
  Stored,
  Whom,
} from "./gallery_client.ts";
import { galleryProblem, GalleryUnavailable } from "./gallery_problem.ts";

interface FakeUser {
  readonly fields: PutUser;
  readonly templates: { readonly template: Template; readonly face: string; photo: string }[];
}

const TIME = "2026-01-31T12:00:00.000Z";

/** A call that the gallery got. */
export interface FakeGalleryCall {
  readonly purpose: string;
  readonly collection: string;
  readonly key: string | undefined;
  readonly clientRef?: string;
}

/** Answers like the gallery service, without a network. */
export class FakeGallery implements GalleryClient {
  /** Every call so far. */
  readonly calls: FakeGalleryCall[] = [];
  /** True while no call is answered. */
  down = false;
  reached = true;
  /** False while the service has no address. */
  hasAddress = true;
  /** Called before each call is answered. */
  onCall: (caller: GalleryCaller) => void | Promise<void> = () => {};
  /** Codes with which tries are refused, by user_id; undefined stands for searches. */
  readonly refused = new Map<string | undefined, TryCode>();
  /** True: each decision says that the next search would be refused. */
  refusesNext = false;
  /** Policies on faces; those of a service without settings. */
  policy = DEFAULT_POLICY;
  readonly #collections = new Map<string, Map<string, FakeUser>>();
  #templates = 0;

  assertAddress(): void {
    if (!this.hasAddress) throw new GalleryUnavailable(new Error("Not running"));
  }

  async checkDecision(caller: GalleryCaller, { userId, clientRef }: Whom): Promise<void> {
    await this.#users(caller, "check_decision", clientRef);
    this.#refuse("check_decision", userId);
  }

  async decide(
    caller: GalleryCaller,
    { embedding, ...face }: SentFace,
    { userId, clientRef }: Whom,
  ): Promise<DecisionAnswer> {
    const users = await this.#users(caller, "decide", clientRef);
    this.#refuse("decide", userId);
    const { refused } = judgeFace(face, this.policy, face.keyPolicy);
    if (refused !== undefined) throw galleryProblem("decide", refused);
    const matches = [...users].filter(([id, user]) =>
      (userId === undefined || id === userId) && hasFace(user, embedding)
    );
    if (matches.length > 1) throw galleryProblem("decide", "ambiguous_match");
    const [match] = matches;
    const isNextAllowed = !this.refusesNext;
    if (match === undefined) return { decision: { matched: false }, isNextAllowed };
    const [user_id, { fields: { name } }] = match;
    const scores = { confidence: 0.9998, similarity: 0.6 };
    return { decision: { matched: true, user_id, user_name: name, ...scores }, isNextAllowed };
  }

  async putUser(
    caller: GalleryCaller,
    userId: string,
    fields: PutUser,
    { onlyNew = false, mayShorten = false }: PutUserOptions = {},
  ): Promise<Stored<User>> {
    const users = await this.#users(caller, "put_user");
    const old = users.get(userId);
    if (onlyNew && old !== undefined) throw galleryProblem("put_user", "user_exists");
    const endOf = ({ expires_at }: PutUser) => Date.parse(expires_at ?? "") || Infinity;
    if (old !== undefined && !mayShorten && endOf(fields) < endOf(old.fields)) {
      throw galleryProblem("put_user", "forbidden_scope");
    }
    const user = { fields, templates: old?.templates ?? [] };
    users.set(userId, user);
    return { created: old === undefined, value: answer(userId, user) };
  }

  async getUser(caller: GalleryCaller, userId: string): Promise<UserWithTemplates> {
    const user = (await this.#users(caller, "get_user")).get(userId);
    if (user === undefined) throw galleryProblem("get_user", "user_not_found");
    return { ...withTemplates(userId, user), locked: this.refused.get(userId) === "locked" };
  }

  async listUsers(
    caller: GalleryCaller,
    { limit, cursor }: { readonly limit: number; readonly cursor: string | undefined },
  ): Promise<UserPage> {
    const users = await this.#users(caller, "list_users");
    if (cursor !== undefined && !users.has(cursor)) {
      throw galleryProblem("list_users", "invalid_request");
    }
    const ids = [...users.keys()].toSorted().filter((id) => cursor === undefined || id > cursor);
    const page = ids.slice(0, limit);
    return {
      users: page.map((id) => answer(id, users.get(id)!)),
      next_cursor: ids.length > limit ? page.at(-1)! : null,
    };
  }

  async deleteUser(caller: GalleryCaller, userId: string): Promise<void> {
    (await this.#users(caller, "delete_user")).delete(userId);
  }

  async unlockUser(caller: GalleryCaller, userId: string): Promise<void> {
    await this.#users(caller, "unlock_user");
    this.refused.delete(userId);
  }

  async checkEnrolment(caller: GalleryCaller, userId: string): Promise<void> {
    await this.#users(caller, "check_enrolment");
    this.#refuse("check_enrolment", userId);
  }

  async addTemplate(
    caller: GalleryCaller,
    userId: string,
    { embedding, model, photoSha256, force }: SentTemplate,
  ): Promise<Stored<Template>> {
    const users = await this.#users(caller, "add_template");
    const user = users.get(userId);
    if (user === undefined) throw galleryProblem("add_template", "user_not_found");
    const same = user.templates.find(({ photo }) => photo === photoSha256);
    if (same !== undefined) return { created: false, value: same.template };
    if (user.templates.length > 0 && !hasFace(user, embedding)) {
      throw galleryProblem("add_template", "not_the_same_person");
    }
    const isAnothers = [...users].some(([id, another]) =>
      id !== userId && hasFace(another, embedding)
    );
    if (isAnothers && !force) throw galleryProblem("add_template", "belongs_to_another_user");
    const template = { template_id: `template-${++this.#templates}`, model, created_at: TIME };
    user.templates.push({ template, face: face(embedding), photo: photoSha256 });
    return { created: true, value: template };
  }

  async deleteTemplate(caller: GalleryCaller, userId: string, templateId: string): Promise<void> {
    const templates = (await this.#users(caller, "delete_template")).get(userId)?.templates ?? [];
    const at = templates.findIndex(({ template }) => template.template_id === templateId);
    if (at >= 0) templates.splice(at, 1);
  }

  async exportUser(caller: GalleryCaller, userId: string): Promise<UserExport> {
    const user = (await this.#users(caller, "export_user")).get(userId);
    if (user === undefined) throw galleryProblem("export_user", "user_not_found");
    return { collection: caller.collection, ...withTemplates(userId, user) };
  }

  async readAudit(caller: GalleryCaller, { cursor }: AuditPageQuery): Promise<AuditPage> {
    await this.#users(caller, "read_audit");
    if (cursor !== undefined) throw galleryProblem("read_audit", "invalid_request");
    const event = { at: TIME, kind: "deletion", outcome: "deleted", user_id: null };
    const origin = { key: caller.key ?? null, request_id: caller.requestId };
    return {
      events: [{ ...event, ...origin, chain: "0a634ed69f7944e3", seq: 1 }],
      next_cursor: null,
    };
  }

  async describe(caller: GalleryCaller): Promise<GalleryModels> {
    const users = [...(await this.#users(caller, "describe")).values()];
    const models = users.map(({ templates }) => templates.map(({ template }) => template.model));
    return {
      match: { on: "confidence", threshold: 0.7, cosine: 0.4167 },
      requires_consent: false,
      calibration: { fitted_mean_cosine: -0.0634, fitted_dimension: 54.3 },
      templates: [...new Set(models.flat())].map((model) => ({
        model,
        users: models.filter((own) => own.includes(model)).length,
        templates: models.flat().filter((one) => one === model).length,
      })),
    };
  }

  check(): Promise<boolean> {
    this.reached ||= !this.down;
    return Promise.resolve(!this.down);
  }

  [Symbol.asyncDispose](): Promise<void> {
    return Promise.resolve();
  }

  #refuse(purpose: Purpose, userId: string | undefined): void {
    const code = this.refused.get(userId);
    if (code !== undefined) throw galleryProblem(purpose, code, "30");
  }

  async #users(
    caller: GalleryCaller,
    purpose: Purpose,
    clientRef?: string,
  ): Promise<Map<string, FakeUser>> {
    const { collection, key, signal } = caller;
    this.calls.push({ purpose, collection, key, ...clientRef !== undefined && { clientRef } });
    signal.throwIfAborted();
    await this.onCall(caller);
    if (this.down) throw new GalleryUnavailable(new Error("Connection refused"));
    const users = this.#collections.get(collection) ?? new Map<string, FakeUser>();
    this.#collections.set(collection, users);
    return users;
  }
}

const face = (embedding: Uint8Array) => embedding.toHex();

function hasFace({ templates }: FakeUser, embedding: Uint8Array): boolean {
  return templates.some((template) => template.face === face(embedding));
}

function answer(userId: string, { fields, templates }: FakeUser): User {
  return {
    user_id: userId,
    name: fields.name,
    consent_ref: fields.consent_ref ?? null,
    expires_at: fields.expires_at === undefined ? null : new Date(fields.expires_at).toISOString(),
    created_at: TIME,
    updated_at: TIME,
    last_seen_at: null,
    templates: templates.length,
  };
}

function withTemplates(userId: string, user: FakeUser): UserWithTemplates {
  return {
    ...answer(userId, user),
    locked: false,
    templates: user.templates.map(({ template }) => template),
  };
}
