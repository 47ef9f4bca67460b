/** A service that people are enrolled into, over HTTP. */

import { z } from "zod";
import { ModelsSchema } from "../../../../shared/contract/models_in_use.ts";
import { TemplateSchema } from "../../../../shared/contract/users.ts";
import { type Call, type CallAnswer, NoAnswerError } from "./call.ts";
import { explainRefusal } from "./explain_refusal.ts";

/** A user of the service. */
export interface ServiceUser {
  readonly name: string;
  /** The sha256 of the recognition model of each template, by the id of the template. */
  readonly templates: ReadonlyMap<string, string>;
}

/** The answer of the service about a photo. */
export type PhotoAnswer =
  | {
    readonly outcome: "accepted";
    readonly templateId: string;
    /** sha256 of the recognition model. */
    readonly model: string;
    /** True when the service did not have a template of this photo. */
    readonly isNew: boolean;
  }
  | { readonly outcome: "no_such_user" }
  /** `failed`: the service could not decide. The photo can be good. */
  | { readonly outcome: "refused" | "failed"; readonly code: string; readonly detail: string };

/** Error that ends an enrolment: every further request would fail. The one-line message explains it. */
export class ServiceError extends Error {
  override readonly name = "ServiceError";
}

/** Codes below 500 that say nothing about the photo. */
const UNDECIDED = new Set(["request_timeout", "too_many_attempts", "locked"]);

/** Settings of {@linkcode createService}. */
export interface ServiceSettings {
  readonly url: URL;
  readonly hasKey: boolean;
  /** True to enrol photos that match another user. */
  readonly allowLookalikes: boolean;
  /** Sends a request, again if need be. */
  readonly call: (call: Call, signal: AbortSignal, maxTries?: number) => Promise<CallAnswer>;
}

const UserSchema = z.object({
  name: z.string(),
  templates: z.array(TemplateSchema.pick({ template_id: true, model: true }).loose()),
});
const EnrolledSchema = TemplateSchema.pick({ template_id: true, model: true }).loose();

/** Number of requests at once, when the service does not say how many workers it has. */
const DEFAULT_LANES = 2;
const MAX_LANES = 16;
/** One picture can be the cause of one request without an answer, but not of two. */
const MAX_UNANSWERED = 2;
/** A service that never answers is reported soon. */
const FIRST_CALL: Call = { method: "GET", path: "/metrics", deadlineMs: 10_000 };
const FIRST_TRIES = 3;

/** Makes the functions that call the service. */
export function createService({ url, hasKey, allowLookalikes, call }: ServiceSettings) {
  let mayRead = true;
  let model: string | undefined;
  const pathOf = (userId: string) => `/users/${encodeURIComponent(userId)}`;

  let unanswered = 0;

  /**
   * @throws {NoAnswerError} when one request gets no answer
   * @throws {ServiceError} when several in a row get none, or an answer that all others would get
   */
  const ask = async (request: Call, signal: AbortSignal): Promise<CallAnswer> => {
    const answer = await call(request, signal).catch((error) => {
      if (error instanceof NoAnswerError && ++unanswered >= MAX_UNANSWERED) {
        throw new ServiceError(
          `${url.origin} no longer answers (${error.message}). Run the command again later`,
          { cause: error },
        );
      }
      throw error;
    });
    unanswered = 0;
    const wrong = explainRefusal(answer, url.origin, hasKey);
    if (wrong !== undefined) throw new ServiceError(wrong);
    return answer;
  };
  const assertMayEnrol = ({ code }: CallAnswer, scopes: string): void => {
    if (code !== "forbidden_scope") return;
    throw new ServiceError(
      `The key may not do this at ${url.origin}: it needs the scope ${scopes}`,
    );
  };
  const undocumented = ({ status, code, detail }: CallAnswer): ServiceError => {
    const words = [status, code, detail].filter((word) => word !== undefined && word !== "");
    return new ServiceError(`${url.origin} gave an answer that does not fit: ${words.join(" ")}`);
  };

  return {
    /**
     * Returns the number of requests to send at once: half of the workers, so that other callers
     * find free ones.
     */
    async lanes(signal: AbortSignal): Promise<number> {
      const { status, text } = await call(FIRST_CALL, signal, FIRST_TRIES);
      const gauge = (name: string) =>
        Number(new RegExp(`^face_it_pool_${name} (\\d+)$`, "m").exec(text)?.[1]);
      const workers = gauge("free") + gauge("busy");
      if (status !== 200 || !Number.isFinite(workers)) return DEFAULT_LANES;
      return Math.min(Math.max(Math.floor(workers / 2), 1), MAX_LANES);
    },

    /**
     * Returns the sha256 of the recognition model in use; undefined until the service has told it.
     * Templates of another model do not recognise anybody.
     */
    model: (): string | undefined => model,

    /**
     * Asks for the model in use. A service that has just started does not know it, and one behind a
     * proxy may not tell. Then the first photo that is accepted tells it.
     */
    async askForModel(signal: AbortSignal): Promise<void> {
      const answer = await call({ ...FIRST_CALL, path: "/models" }, signal, 1).catch((error) => {
        if (!(error instanceof NoAnswerError)) throw error;
      });
      const known = answer?.status === 200 ? parse(ModelsSchema, answer.text) : undefined;
      model = known?.models.find(({ use }) => use === "recognition")?.sha256;
    },

    /**
     * Returns the user; undefined when there is none, and "unknown" when the key may not read
     * users.
     */
    async findUser(
      userId: string,
      signal: AbortSignal,
    ): Promise<ServiceUser | undefined | "unknown"> {
      if (!mayRead) return "unknown";
      const answer = await ask({ method: "GET", path: pathOf(userId) }, signal);
      if (answer.code === "user_not_found") return undefined;
      if (answer.code === "forbidden_scope") {
        mayRead = false;
        return "unknown";
      }
      const user = answer.status === 200 ? parse(UserSchema, answer.text) : undefined;
      if (user === undefined) throw undocumented(answer);
      const templates = user.templates.map(({ template_id, model }) =>
        [template_id, model] as const
      );
      return { name: user.name, templates: new Map(templates) };
    },

    /** Makes a user. */
    async putUser(userId: string, name: string, signal: AbortSignal): Promise<void> {
      const bytes = new TextEncoder().encode(JSON.stringify({ name }));
      const body = { bytes, type: "application/json" };
      const answer = await ask({ method: "PUT", path: pathOf(userId), body }, signal);
      assertMayEnrol(answer, "enrol or admin");
      if (answer.status !== 200 && answer.status !== 201) throw undocumented(answer);
    },

    /** Sends a photo as it is. */
    async addTemplate(
      userId: string,
      photo: { readonly bytes: Uint8Array<ArrayBuffer>; readonly type: string },
      signal: AbortSignal,
    ): Promise<PhotoAnswer> {
      const path = `${pathOf(userId)}/templates${allowLookalikes ? "?force=true" : ""}`;
      const answer = await ask({ method: "POST", path, body: photo }, signal);
      assertMayEnrol(answer, allowLookalikes ? "admin" : "enrol or admin");
      const { status, code, detail } = answer;
      if (status === 200 || status === 201) {
        const template = parse(EnrolledSchema, answer.text);
        if (template === undefined) throw undocumented(answer);
        model = template.model;
        return {
          outcome: "accepted",
          templateId: template.template_id,
          model,
          isNew: status === 201,
        };
      }
      if (status === 413 && code === undefined) {
        const detail = "The photo has more bytes than a proxy in front of the service accepts";
        return { outcome: "refused", code: "payload_too_large", detail };
      }
      if (code === undefined) throw undocumented(answer);
      if (code === "user_not_found") return { outcome: "no_such_user" };
      const isDecision = status < 500 && !UNDECIDED.has(code);
      return { outcome: isDecision ? "refused" : "failed", code, detail };
    },
  };
}

/** See {@linkcode createService}. */
export type Service = ReturnType<typeof createService>;

function parse<Value>(schema: z.ZodType<Value>, text: string): Value | undefined {
  try {
    return schema.safeParse(JSON.parse(text)).data;
  } catch {
    return undefined;
  }
}
