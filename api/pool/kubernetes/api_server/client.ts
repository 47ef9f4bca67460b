/** Calls the Kubernetes API with the official client library, over connections that stay open. */

import {
  ApiException,
  CoreV1Api,
  createConfiguration,
  HttpMethod,
  type KubeConfig,
  type KubernetesObject,
  RequestContext,
  ServerConfiguration,
  type V1ConfigMap,
  type V1Pod,
  type V1Status,
  wrapHttpLibrary,
} from "@kubernetes/client-node";
import { createInterface } from "node:readline";
import { errors, request } from "undici";
import { isUnreached } from "../../../unreached.ts";
import { ClusterCredentials } from "./credentials.ts";
import { readPod } from "../pod.ts";
import { ApiError, ConnectionError, type PodApi, type WatchEvent } from "./pod_api.ts";
import { send, ServerClock } from "./transport.ts";

/** Settings of {@linkcode createPodApi}. */
export interface ClientOptions {
  /** Address of the API server, and credentials. */
  readonly config: KubeConfig;
  /** Namespace of the workers. */
  readonly namespace: string;
  /** Labels of every worker, claimed or not, such as `app=worker`. */
  readonly selector: string;
  /** Name of the ConfigMap in this namespace that owns claimed pods. */
  readonly owner: string;
  /** Called for failed calls, except expected conflicts (404, 409, 410, 422). */
  readonly onFailure: (call: string, code: string) => void;
  /** Returns milliseconds of a monotonic clock. */
  readonly now: () => number;
}

const CALL_TIMEOUT_MS = 5000;
/** A watch that receives nothing for this time is ended: its connection may be lost. */
const SILENCE_MS = 30_000;
/** The server ends a watch after this time. */
const WATCH_SECONDS = 300;
/** Time that Kubernetes gives a deleted worker to stop, before it kills the worker. */
const GRACE_SECONDS = 1;
/** Statuses of normal conflicts: another replica was faster, or a watch was too far behind. */
const EXPECTED_STATUS: ReadonlySet<number> = new Set([409, 410, 422]);

/**
 * Makes the client. It reads the credentials again every few seconds, because the token of a
 * service account is valid only for an hour. When the server refuses the credentials, the next call
 * reads them again, too.
 *
 * @throws {TypeError} when the configuration has no cluster
 */
export async function createPodApi(options: ClientOptions): Promise<PodApi> {
  const { config, namespace, now } = options;
  const server = config.getCurrentCluster()?.server;
  if (server === undefined) throw new TypeError("The Kubernetes configuration has no cluster");
  // Separate connections, so that a claim never waits for a watch.
  const calls = await ClusterCredentials.from(config);
  const watches = await ClusterCredentials.from(config);
  const clock = new ServerClock(now);
  const core = new CoreV1Api(createConfiguration({
    baseServer: new ServerConfiguration(server, {}),
    authMethods: { default: calls },
    httpApi: wrapHttpLibrary({ send: (context) => send(context, clock, CALL_TIMEOUT_MS) }),
  }));

  /** Waits for a call, and turns its failure into an error of the pool. */
  const call = async <T>(name: string, promise: Promise<T>, signal?: AbortSignal): Promise<T> => {
    try {
      return await promise;
    } catch (cause) {
      signal?.throwIfAborted();
      const error = toPodApiError(name, cause);
      if (error instanceof ApiError && error.status === 401) {
        for (const credentials of [calls, watches]) credentials.renew();
      }
      const code = error instanceof ApiError ? String(error.status) : "no_answer";
      // A missing pod is expected, a missing owner is not.
      const expected = error instanceof ApiError &&
        (EXPECTED_STATUS.has(error.status) || (error.status === 404 && name !== "owner"));
      if (!expected) options.onFailure(name, code);
      throw error;
    }
  };

  const watchUrl = (resource: string, query: Readonly<Record<string, string>>): URL => {
    const url = new URL(`${server}/api/v1/namespaces/${namespace}/${resource}`);
    const timeoutSeconds = String(WATCH_SECONDS);
    url.search = new URLSearchParams({ ...query, watch: "true", timeoutSeconds }).toString();
    return url;
  };

  return {
    async list() {
      return await call(
        "list",
        core.listNamespacedPod({ namespace, labelSelector: options.selector })
          .then(({ items, metadata }) => ({
            pods: items.map(readPod),
            resourceVersion: metadata?.resourceVersion ?? "",
          })),
      );
    },
    watch(resourceVersion, onEvent, signal) {
      const url = watchUrl("pods", {
        labelSelector: options.selector,
        resourceVersion,
        allowWatchBookmarks: "true",
      });
      const opened = () => onEvent({ kind: "opened" });
      const report = (type: string, object: V1Pod) => onEvent(readEvent(type, object));
      return call("watch", follow(url, watches, { opened, report }, signal), signal);
    },
    read: (name) => call("read", core.readNamespacedPod({ namespace, name }).then(readPod)),
    patch: (name, body) =>
      call("claim", core.patchNamespacedPod({ namespace, name, body }).then(readPod)),
    async delete(name, preconditions) {
      const body = { preconditions, gracePeriodSeconds: GRACE_SECONDS };
      await call("delete", core.deleteNamespacedPod({ namespace, name, body }));
    },
    async ownerUid() {
      return await call(
        "owner",
        core.readNamespacedConfigMap({ namespace, name: options.owner }).then(readUid),
      );
    },
    watchOwner(onOwner, signal) {
      // Without a version, the watch begins with the object as it is now.
      const url = watchUrl("configmaps", { fieldSelector: `metadata.name=${options.owner}` });
      const report = (type: string, object: V1ConfigMap) =>
        onOwner(type === "DELETED" ? undefined : readUid(object));
      return call("owner", follow(url, watches, { report }, signal), signal);
    },
    now: () => clock.now(),
    async [Symbol.asyncDispose]() {
      await Promise.all([calls.destroy(), watches.destroy()]);
    },
  };
}

/**
 * Reports the events of a watch until its connection ends. This replaces the Watch of the client
 * library, which does not notice a broken connection on Deno.
 */
async function follow<T extends KubernetesObject>(
  url: URL,
  credentials: ClusterCredentials,
  { opened, report }: { opened?: () => void; report: (type: string, object: T) => void },
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
  opened?.();
  try {
    for await (const line of createInterface(body)) {
      const { type, object } = JSON.parse(line);
      if (type === "ERROR") throw new ApiException(object.code, "", object, {});
      report(type, object);
    }
  } catch (error) {
    // A watch that was silent for too long has ended normally, as if the server had closed it.
    if (!(error instanceof errors.BodyTimeoutError)) throw error;
  }
}

function readEvent(type: string, object: V1Pod): WatchEvent {
  if (type === "BOOKMARK") {
    return { kind: "bookmark", resourceVersion: object.metadata?.resourceVersion ?? "" };
  }
  return { kind: type === "DELETED" ? "gone" : "seen", pod: readPod(object) };
}

function toPodApiError(call: string, cause: unknown): Error {
  if (cause instanceof ApiError) return cause;
  if (cause instanceof ApiException) {
    const status = readStatus(cause.body);
    const { message = "", details } = status;
    const seconds = [cause.headers["retry-after"], details?.retryAfterSeconds]
      .map(Number).find((value) => value > 0) ?? 0;
    return new ApiError(call, cause.code, message, details?.causes?.length, seconds * 1000);
  }
  const timedOut = cause instanceof DOMException && cause.name === "TimeoutError";
  return new ConnectionError(call, !isUnreached(cause), cause, timedOut);
}

/**
 * Returns the uid of an object.
 *
 * @throws {TypeError} when the answer is no object of Kubernetes
 */
function readUid({ metadata }: { readonly metadata?: { readonly uid?: string } }): string {
  if (!metadata?.uid) throw new TypeError("The object has no uid");
  return metadata.uid;
}

/** Reads the Status object in an error's body. The body of a proxy's error may have none. */
function readStatus(body: unknown): Partial<V1Status> {
  try {
    const status = typeof body === "string" ? JSON.parse(body) : body;
    return typeof status === "object" && status !== null ? status : {};
  } catch {
    return {};
  }
}
