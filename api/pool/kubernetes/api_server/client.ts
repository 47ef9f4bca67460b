/** The Kubernetes API through the official client, over connections that stay open. */

import {
  ApiException,
  CoreV1Api,
  createConfiguration,
  HttpMethod,
  type KubeConfig,
  RequestContext,
  ServerConfiguration,
  type V1Pod,
  type V1Status,
  wrapHttpLibrary,
} from "@kubernetes/client-node";
import { createInterface } from "node:readline";
import { errors, request } from "undici";
import { isUnreached } from "../../../unreached.ts";
import { KeptAliveConfig } from "./credentials.ts";
import { readPod } from "../pod.ts";
import { ApiError, ConnectionError, type PodApi, type WatchEvent } from "./pod_api.ts";
import { send, ServerClock } from "./transport.ts";

/** Where the workers are, and who says so. */
export interface ClientOptions {
  readonly config: KubeConfig;
  readonly namespace: string;
  /** Labels that every worker has, claimed or not. */
  readonly selector: string;
  /** The ConfigMap in that namespace that is to own claimed pods. */
  readonly owner: string;
  /** Is told of every call that failed, except for those that a race explains. */
  readonly onFailure: (call: string, code: string) => void;
  /** Milliseconds of a monotonic clock. */
  readonly now: () => number;
}

const CALL_TIMEOUT_MS = 5000;
/** A watch that says nothing for so long may have lost its connection. */
const SILENCE_MS = 30_000;
/** The server ends a watch after this long, so that the owner is read again now and then. */
const WATCH_SECONDS = 300;
/** What the deletion gives a worker to end in. */
const GRACE_SECONDS = 1;
/** Answers that say that somebody else was faster, or that a watch slept too long. */
const EXPECTED_STATUS: ReadonlySet<number> = new Set([409, 410, 422]);

/**
 * Makes the client. The credentials are read again as they change, for a service account's token
 * lives for an hour, and at once when they are refused.
 *
 * @throws {TypeError} when the configuration names no cluster
 */
export async function createPodApi(options: ClientOptions): Promise<PodApi> {
  const { config, namespace, now } = options;
  const server = config.getCurrentCluster()?.server;
  if (server === undefined) throw new TypeError("The Kubernetes configuration names no cluster");
  // Apart, so that a watch never stands in a claim's way.
  const calls = await KeptAliveConfig.from(config), watches = await KeptAliveConfig.from(config);
  const clock = new ServerClock(now);
  const core = new CoreV1Api(createConfiguration({
    baseServer: new ServerConfiguration(server, {}),
    authMethods: { default: calls },
    httpApi: wrapHttpLibrary({ send: (context) => send(context, clock, CALL_TIMEOUT_MS) }),
  }));

  /** Makes a call, and says in the pool's terms how it failed. */
  const call = async <T>(name: string, promise: Promise<T>, signal?: AbortSignal): Promise<T> => {
    try {
      return await promise;
    } catch (cause) {
      signal?.throwIfAborted();
      const error = asPodApiError(name, cause);
      if (error instanceof ApiError && error.status === 401) {
        for (const credentials of [calls, watches]) credentials.renew();
      }
      const code = error instanceof ApiError ? String(error.status) : "no_answer";
      // A pod may be gone; the owner may not.
      const expected = error instanceof ApiError &&
        (EXPECTED_STATUS.has(error.status) || (error.status === 404 && name !== "owner"));
      if (!expected) options.onFailure(name, code);
      throw error;
    }
  };

  return {
    async list() {
      const { items, metadata } = await call(
        "list",
        core.listNamespacedPod({ namespace, labelSelector: options.selector }),
      );
      return { pods: items.map(readPod), resourceVersion: metadata?.resourceVersion ?? "" };
    },
    watch(resourceVersion, onEvent, signal) {
      const url = new URL(`${server}/api/v1/namespaces/${namespace}/pods`);
      url.search = new URLSearchParams({
        watch: "true",
        labelSelector: options.selector,
        resourceVersion,
        allowWatchBookmarks: "true",
        timeoutSeconds: String(WATCH_SECONDS),
      }).toString();
      return call("watch", follow(url, watches, onEvent, signal), signal);
    },
    read: async (name) => readPod(await call("read", core.readNamespacedPod({ namespace, name }))),
    patch: async (name, body) =>
      readPod(await call("claim", core.patchNamespacedPod({ namespace, name, body }))),
    async delete(name, preconditions) {
      const body = { preconditions, gracePeriodSeconds: GRACE_SECONDS };
      await call("delete", core.deleteNamespacedPod({ namespace, name, body }));
    },
    async ownerUid() {
      const { metadata } = await call(
        "owner",
        core.readNamespacedConfigMap({ namespace, name: options.owner }),
      );
      return metadata!.uid!;
    },
    now: () => clock.now(),
    async [Symbol.asyncDispose]() {
      await Promise.all([calls.agent.destroy(), watches.agent.destroy()]);
    },
  };
}

/**
 * Passes on what a watch tells until its connection ends. The client's own Watch does not notice on
 * Deno that a connection has broken.
 */
async function follow(
  url: URL,
  credentials: KeptAliveConfig,
  onEvent: (event: WatchEvent) => void,
  signal: AbortSignal,
): Promise<void> {
  const context = new RequestContext(url.href, HttpMethod.GET);
  await credentials.applySecurityAuthentication(context);
  const { statusCode, body } = await request(url, {
    headers: context.getHeaders(),
    dispatcher: credentials.agent,
    signal,
    headersTimeout: CALL_TIMEOUT_MS,
    bodyTimeout: SILENCE_MS,
  });
  if (statusCode !== 200) throw new ApiException(statusCode, "", await body.text(), {});
  onEvent({ kind: "opened" });
  try {
    for await (const line of createInterface(body)) {
      const { type, object } = JSON.parse(line);
      if (type === "ERROR") throw new ApiException(object.code, "", object, {});
      onEvent(readEvent(type, object));
    }
  } catch (error) {
    // Nothing happened for a while: as good an end as any.
    if (!(error instanceof errors.BodyTimeoutError)) throw error;
  }
}

function readEvent(type: string, object: V1Pod): WatchEvent {
  if (type === "BOOKMARK") {
    return { kind: "bookmark", resourceVersion: object.metadata?.resourceVersion ?? "" };
  }
  return { kind: type === "DELETED" ? "gone" : "seen", pod: readPod(object) };
}

function asPodApiError(call: string, cause: unknown): Error {
  if (cause instanceof ApiError) return cause;
  if (cause instanceof ApiException) {
    const status = readStatus(cause.body);
    return new ApiError(call, cause.code, status.message ?? "", status.details?.causes?.length);
  }
  return new ConnectionError(call, !isUnreached(cause), cause);
}

/** The Status that an answer should hold; whatever is in between may answer anything. */
function readStatus(body: unknown): V1Status {
  try {
    return (typeof body === "string" ? JSON.parse(body) : body) ?? {};
  } catch {
    return {};
  }
}
