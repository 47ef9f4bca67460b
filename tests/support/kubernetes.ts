/** Calls the Kubernetes API in tests over plain HTTP, without the code of the service. */

import { KubeConfig } from "@kubernetes/client-node";
import type { RequestOptions } from "node:https";
import { Agent, request } from "undici";

/** A Kubernetes object. */
export interface KubeObject {
  readonly kind: string;
  readonly metadata: {
    readonly name: string;
    readonly namespace?: string;
    // deno-lint-ignore no-explicit-any -- tests read any field of any kind
    readonly [field: string]: any;
  };
  // deno-lint-ignore no-explicit-any -- tests read any field of any kind
  readonly [field: string]: any;
}

/** Error for a call that the API server refused. */
export class RefusedCall extends Error {
  override readonly name = "RefusedCall";

  /** @param status HTTP status of the response */
  constructor(message: string, readonly status: number) {
    super(message);
  }
}

/** A change of an object, as the API server reports it. */
export interface KubeEvent {
  readonly type: string;
  readonly object: KubeObject;
}

/** API version of each kind that {@linkcode KubernetesClient} can find by name. */
const API_VERSIONS = {
  ClusterRole: "rbac.authorization.k8s.io/v1",
  ClusterRoleBinding: "rbac.authorization.k8s.io/v1",
  ConfigMap: "v1",
  Deployment: "apps/v1",
  Job: "batch/v1",
  Namespace: "v1",
  NetworkPolicy: "networking.k8s.io/v1",
  Pod: "v1",
  PersistentVolumeClaim: "v1",
  PodDisruptionBudget: "policy/v1",
  ReplicaSet: "apps/v1",
  Role: "rbac.authorization.k8s.io/v1",
  RoleBinding: "rbac.authorization.k8s.io/v1",
  Secret: "v1",
  Service: "v1",
  ServiceAccount: "v1",
  StatefulSet: "apps/v1",
  ValidatingAdmissionPolicy: "admissionregistration.k8s.io/v1",
  ValidatingAdmissionPolicyBinding: "admissionregistration.k8s.io/v1",
} as const;

/** A kind that {@linkcode KubernetesClient} can find by name. */
export type Kind = keyof typeof API_VERSIONS;

/** Returns the path on the API server of one object, or of all objects of a kind. */
export function pathOf(kind: Kind, name?: string, namespace?: string): string {
  return pathIn(API_VERSIONS[kind], kind, name, namespace);
}

function pathIn(apiVersion: string, kind: string, name?: string, namespace?: string): string {
  return [
    apiVersion.includes("/") ? "/apis" : "/api",
    apiVersion,
    ...namespace === undefined ? [] : ["namespaces", namespace],
    pluralOf(kind.toLowerCase()),
    ...name === undefined ? [] : [name],
  ].join("/");
}

function pluralOf(kind: string): string {
  if (kind.endsWith("s")) return `${kind}es`;
  return kind.endsWith("y") ? `${kind.slice(0, -1)}ies` : `${kind}s`;
}

/** Calls the API server with the rights of one account. */
export class KubernetesClient implements AsyncDisposable {
  /** URL of the API server. */
  readonly server: string;
  /** Certificate authority of the API server, as PEM. */
  readonly ca: string;
  readonly #agent: Agent;
  readonly #headers: RequestOptions["headers"];

  private constructor(config: KubeConfig, tls: RequestOptions) {
    this.server = config.getCurrentCluster()!.server;
    this.ca = String(tls.ca);
    const { ca, cert, key, headers } = tls;
    this.#headers = headers;
    this.#agent = new Agent({
      allowH2: false,
      connect: { ca, cert, key } as Agent.Options["connect"] & object,
    });
  }

  /** Makes a client for the account in a configuration. The default is the one in KUBECONFIG. */
  static async connect(config = defaultConfig()): Promise<KubernetesClient> {
    const tls: RequestOptions = {};
    await config.applyToHTTPSOptions(tls);
    return new KubernetesClient(config, tls);
  }

  /**
   * Makes a call and returns the object in the response. The body of a PATCH is a JSON patch if it
   * is a list. Any other body is a merge patch.
   *
   * @throws {RefusedCall} with the server's message, for an error status that is not in `allow`
   */
  async call(
    method: "GET" | "POST" | "PUT" | "PATCH" | "DELETE",
    path: string,
    body?: unknown,
    allow: readonly number[] = [],
  ): Promise<KubeObject> {
    const patch = Array.isArray(body) ? "json-patch" : "merge-patch";
    const { statusCode, body: answer } = await request(this.server + path, {
      method,
      dispatcher: this.#agent,
      headers: {
        ...this.#headers as Record<string, string>,
        // The API server records it with each change. The service must not have the same name.
        "User-Agent": "face-it-tests",
        "Content-Type": method === "PATCH" ? `application/${patch}+json` : "application/json",
      },
      body: body === undefined ? null : JSON.stringify(body),
    });
    const object = await answer.json() as KubeObject;
    if (statusCode >= 300 && !allow.includes(statusCode)) {
      throw new RefusedCall(`${method} ${path}: ${statusCode} ${object.message}`, statusCode);
    }
    return object;
  }

  /** Returns an object, or undefined when it does not exist. */
  async get(kind: Kind, name: string, namespace?: string): Promise<KubeObject | undefined> {
    const object = await this.call("GET", pathOf(kind, name, namespace), undefined, [404]);
    return object.code === 404 ? undefined : object;
  }

  /** Returns the objects of a kind. */
  async list(kind: Kind, namespace?: string, labelSelector = ""): Promise<KubeObject[]> {
    const query = new URLSearchParams({ labelSelector });
    const list = await this.call("GET", `${pathOf(kind, undefined, namespace)}?${query}`);
    // The items of a list have no field `kind`.
    return list.items.map((item: KubeObject) => ({ ...item, kind }));
  }

  /**
   * Creates an object and returns it.
   *
   * @param query Options of the call, such as `dryRun=All`
   */
  create(object: KubeObject, query = ""): Promise<KubeObject> {
    const { kind, metadata: { namespace } } = object;
    return this.call(
      "POST",
      `${pathIn(object.apiVersion, kind, undefined, namespace)}?${query}`,
      object,
    );
  }

  /** Changes an object by a merge patch. */
  patch(kind: Kind, name: string, namespace: string | undefined, change: unknown) {
    return this.call("PATCH", pathOf(kind, name, namespace), change);
  }

  /** Deletes an object, if it exists. */
  async delete(kind: Kind, name: string, namespace?: string): Promise<void> {
    await this.call("DELETE", pathOf(kind, name, namespace), undefined, [404]);
  }

  /**
   * Yields an ADDED event for each object at `path`, and then an event for each change. The API server
   * can end a watch at any time. Then the next watch begins after the last event that was seen. Only
   * when the API server has no history back to it, some changes are missed: all objects are listed
   * again, those that still exist are ADDED once more, and those that are gone are DELETED.
   */
  async *watch(path: string, signal: AbortSignal): AsyncGenerator<KubeEvent> {
    let known = new Map<string, KubeObject>();
    while (!signal.aborted) {
      const { items, metadata } = await this.call("GET", path);
      const listed = new Map<string, KubeObject>(
        items.map((object: KubeObject) => [object.metadata.uid, object]),
      );
      for (const [uid, object] of known) {
        if (!listed.has(uid)) yield { type: "DELETED", object };
      }
      for (const object of listed.values()) yield { type: "ADDED", object };
      known = listed;
      for await (const event of this.#changes(path, metadata.resourceVersion, signal)) {
        const { type, object } = event;
        if (type === "DELETED") known.delete(object.metadata.uid);
        else known.set(object.metadata.uid, object);
        yield event;
      }
    }
  }

  /** Yields each change after `version`, as long as the API server has the history of all of them. */
  async *#changes(path: string, version: string, signal: AbortSignal): AsyncGenerator<KubeEvent> {
    while (!signal.aborted) {
      for await (const event of this.#watchOnce(path, version, signal)) {
        if (event.type === "ERROR") return;
        version = event.object.metadata.resourceVersion;
        yield event;
      }
    }
  }

  /** Yields what one watch reports, until the API server ends it. */
  async *#watchOnce(
    path: string,
    resourceVersion: string,
    signal: AbortSignal,
  ): AsyncGenerator<KubeEvent> {
    const separator = path.includes("?") ? "&" : "?";
    try {
      const { statusCode, body } = await request(
        `${this.server}${path}${separator}watch=true&resourceVersion=${resourceVersion}`,
        { dispatcher: this.#agent, signal, bodyTimeout: 0 },
      );
      if (statusCode !== 200) throw new Error(`The watch of ${path} is answered ${statusCode}`);
      let rest = "";
      const decoder = new TextDecoder();
      for await (const chunk of body) {
        const lines = (rest + decoder.decode(chunk, { stream: true })).split("\n");
        rest = lines.pop()!;
        for (const line of lines) if (line !== "") yield JSON.parse(line);
      }
    } catch (error) {
      if (!signal.aborted) throw error;
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#agent.destroy();
  }
}

function defaultConfig(): KubeConfig {
  const config = new KubeConfig();
  config.loadFromDefault();
  return config;
}
