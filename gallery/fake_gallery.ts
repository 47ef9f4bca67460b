/** Gallery services without sockets for tests: apps that share one real store. */

import type { ModelCalibration } from "../models/calibration.ts";
import type { MatchConfig } from "../matching/score.ts";
import type { FacePolicy } from "../shared/contract/face_policy.ts";
import { DEFAULT_POLICY } from "../shared/contract/fake_policy.ts";
import { createFakeLog } from "../shared/fake_log.ts";
import { fakeTokenKeys } from "../shared/http/fake_token_keys.ts";
import { createGalleryTokenVerifier } from "../shared/http/gallery_token.ts";
import { temporaryFolder } from "../tests/support/temporary_folder.ts";
import { createGalleryApp, type GalleryApp } from "./app.ts";
import { type FakeCall, requestOf, signCall } from "./fake_caller.ts";
import { createGalleryMetrics, type GalleryMetrics } from "./metrics.ts";
import { type OpenedGallery, openGallery } from "./open_gallery.ts";
import { createRules } from "./rules.ts";
import { openStore } from "./store/open_store.ts";
import type { GalleryStore } from "./store/store.ts";
import { DEFAULT_TRIES, type TriesPolicy } from "./store/tries_policy.ts";
import { makeTemplateKey, parseTemplateKeys } from "../shared/template_keys.ts";
import { createStoreWatch, type StoreWatch } from "./store_watch.ts";

/** Milliseconds since 1970 at which tests begin. */
export const START_MS = Date.UTC(2026, 0, 31, 12);

/** Limits that no test reaches. */
export const UNLIMITED: TriesPolicy = {
  ...DEFAULT_TRIES,
  free: 1e6,
  lockAfter: 1e6,
  searches: undefined,
};

/** An answer, read to its end. */
export interface FakeAnswer {
  readonly status: number;
  /** undefined without a body. */
  // deno-lint-ignore no-explicit-any -- tests look into it
  readonly body: any;
  readonly headers: Headers;
}

/** A service of a fake installation. */
export interface FakeReplica {
  readonly app: GalleryApp;
  readonly gallery: OpenedGallery;
  readonly metrics: GalleryMetrics;
  readonly watch: StoreWatch;
  /** Sends a call with a statement of its own, or with the given header. */
  call(call: FakeCall, authorization?: string): Promise<FakeAnswer>;
  /** Sends a request without a statement. */
  get(path: string): Promise<FakeAnswer>;
}

/** One store, its clock, and everything that the services log. */
export interface FakeInstallation extends AsyncDisposable {
  readonly store: GalleryStore;
  readonly clock: { now: number };
  readonly lines: ReturnType<typeof createFakeLog>["lines"];
  readonly keys: ReturnType<typeof fakeTokenKeys>;
  /**
   * Starts a service.
   *
   * @param methods Methods that replace those of the store for this service
   */
  replica(methods?: Partial<GalleryStore>): Promise<FakeReplica>;
}

/** Options of {@linkcode installFake}. */
export interface FakeOptions {
  readonly match?: MatchConfig;
  readonly calibration?: ModelCalibration;
  /** Default: that of the service. */
  readonly policy?: FacePolicy;
  /** Limits on failed tries; those of the service by default. */
  readonly tries?: TriesPolicy;
  /** True: only users with a consent get templates. */
  readonly requireConsent?: boolean;
  /** Location of the store; a new folder by default. */
  readonly location?: string;
  readonly answerTimeoutMs?: number;
}

/** Opens a store for services. Matches need a cosine of 0.5 unless `match` says something else. */
export async function installFake(options: FakeOptions = {}): Promise<FakeInstallation> {
  const { match = { on: "cosine", threshold: 0.5 }, calibration, answerTimeoutMs = 8000 } = options;
  const folder = await temporaryFolder();
  const clock = { now: START_MS };
  const keys = fakeTokenKeys();
  const { log, lines } = createFakeLog();
  const store = await openStore(options.location ?? folder.path("gallery"), {
    keys: parseTemplateKeys(makeTemplateKey()),
    now: () => clock.now,
    ...(options.tries && { tries: options.tries }),
    requireConsent: options.requireConsent ?? false,
  });
  return {
    store,
    clock,
    lines,
    keys,
    async replica(methods = {}) {
      const watch = createStoreWatch(log);
      const metrics = createGalleryMetrics();
      const gallery = await openGallery({
        open: () => Promise.resolve(withMethods(store, methods)),
        watch,
        log,
        match,
        policy: options.policy ?? DEFAULT_POLICY,
        findRules: createRules(match, calibration, log),
        clock: () => clock.now,
        delay: () => Promise.resolve(),
        signal: new AbortController().signal,
      });
      const app = createGalleryApp({
        verifyToken: createGalleryTokenVerifier({
          keys: () => keys.verifying,
          clock: () => clock.now,
        }),
        gallery: () => gallery,
        storeAnswers: () => watch.answers,
        bodyTimeoutMs: 1000,
        answerTimeoutMs,
        metrics,
        log,
        now: () => 0,
        newRequestId: () => "request-1",
      });
      const send = async (request: Request): Promise<FakeAnswer> => {
        const response = await app.fetch(request);
        const text = await response.text();
        const isJson = response.headers.get("Content-Type")?.includes("json");
        const body = isJson ? JSON.parse(text) : text === "" ? undefined : text;
        return { status: response.status, body, headers: response.headers };
      };
      return {
        app,
        gallery,
        metrics,
        watch,
        async call(call, authorization) {
          const header = authorization ?? `Bearer ${signCall(call, keys.signing, clock.now)}`;
          return await send(requestOf("http://gallery", call, header));
        },
        get: (path) => send(new Request(`http://gallery${path}`)),
      };
    },
    async [Symbol.asyncDispose]() {
      await store[Symbol.asyncDispose]();
      await folder[Symbol.asyncDispose]();
    },
  };
}

/** Returns a store that has some methods of its own. */
export function withMethods(store: GalleryStore, methods: Partial<GalleryStore>): GalleryStore {
  return new Proxy(store, {
    get(target, name) {
      const own = Reflect.get(methods, name);
      if (own !== undefined) return own;
      const value = Reflect.get(target, name);
      return typeof value === "function" ? value.bind(target) : value;
    },
  });
}
