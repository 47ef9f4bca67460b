/**
 * Plays the kubelet for the pods of one namespace: makes them Ready at addresses of this machine,
 * ends them, and answers the requests to them.
 */

import { delay } from "../../shared/backoff.ts";
import type { VerifyingKeys } from "../../shared/http/token_keys.ts";
import { createTokenVerifier } from "../../shared/http/worker_token.ts";
import type { KubeObject, KubernetesClient } from "../support/kubernetes.ts";

const READY = [{ type: "Ready", status: "True" }];
const NOT_READY = [{ type: "Ready", status: "False" }];
/** Number of pods that are created at the same time. */
const AT_ONCE = 16;

/** The part of a pod's state that a claim changes. */
interface PodState {
  readonly uid: string;
  readonly status: string;
  /** True when the status said that the pod is ready. */
  readonly ready: boolean;
  /** Id of the claim, or undefined. */
  readonly claim?: string;
}

/** Metadata and spec of pods, as a Deployment's template has them. */
export interface PodTemplate {
  readonly metadata: { readonly labels: Readonly<Record<string, string>> };
  // deno-lint-ignore no-explicit-any -- a pod's spec, as the chart renders it
  readonly spec: any;
}

/** A pod that has an address. */
export interface KubeletPod {
  readonly name: string;
  readonly uid: string;
}

/** Runs the pods of one namespace. There are no containers: one server answers for all pods. */
export class FakeKubelet implements AsyncDisposable {
  /** Requests that each pod has received, by its uid. */
  readonly requests = new Map<string, number>();
  /** Every state of every pod that the watch has seen, in order. */
  readonly history: PodState[] = [];
  /** Milliseconds by which the node's clock is ahead. */
  skewMs = 0;
  /** Milliseconds that pods have run already when this kubelet begins to run them. */
  olderMs = 0;
  /** False when the status of new pods does not say that they are ready. */
  reportsReady = true;
  /** False when new pods do not answer that they are ready. */
  saysReady = true;
  /** Headers of the questions to pods if they are ready. */
  readonly questions: Headers[] = [];
  /** Milliseconds that a worker needs for an answer. */
  answerMs = 0;
  /** False when workers accept requests without a good token. */
  checksTokens = true;
  /** Answers the requests to a pod in place of this kubelet. */
  answers: ((pod: KubeletPod, request: Request) => Response | Promise<Response>) | undefined;
  /** Uids of the pods that ended while they served a request. */
  readonly endedServing = new Set<string>();
  /** Port of the server that answers for all pods. */
  readonly port: number;
  readonly #client: KubernetesClient;
  readonly #podsPath: string;
  readonly #keys: VerifyingKeys | undefined;
  readonly #pods = new Map<string, KubeObject>();
  /** Pods by address. A deleted pod stays here: a real worker would still finish its request. */
  readonly #workers = new Map<string, KubeletPod>();
  /** Uids of the pods that have an address. */
  readonly #started = new Set<string>();
  readonly #deadlines = new Map<string, ReturnType<typeof setTimeout>>();
  readonly #stop = new AbortController();
  readonly #server: Deno.HttpServer<Deno.NetAddr>;
  readonly #running: Promise<void>;
  readonly #work = new Set<Promise<unknown>>();
  readonly #replaced = new Set<string>();
  #template: PodTemplate | undefined;
  #isCordoned = false;

  /**
   * Begins to run the pods at `podsPath`.
   *
   * @param keys Keys of the tokens that requests must carry; without keys no token is checked
   */
  constructor(client: KubernetesClient, podsPath: string, keys?: VerifyingKeys) {
    this.#keys = keys;
    this.#client = client;
    this.#podsPath = podsPath;
    this.#server = Deno.serve(
      { hostname: "0.0.0.0", port: 0, onListen: () => {} },
      (request) => this.#answer(request),
    );
    this.port = this.#server.addr.port;
    this.#running = this.#run();
  }

  /**
   * Creates pods without a Deployment, and a new pod for each claimed pod. A Deployment would be
   * too slow for the test, because the controller manager has a rate limit.
   */
  async fill(replicas: number, template: PodTemplate): Promise<void> {
    this.#template = template;
    await this.add(replicas, template);
  }

  /** Creates `count` pods without a Deployment. */
  async add(count: number, template: PodTemplate): Promise<void> {
    let left = count;
    await Promise.all(Array.from({ length: AT_ONCE }, async () => {
      while (left-- > 0) await this.#create(template);
    }));
  }

  /** Makes no more pods Ready, as if no node had room for them. */
  cordon(): void {
    this.#isCordoned = true;
  }

  /** Makes all waiting pods Ready, and from now on new pods, too. */
  uncordon(): void {
    this.#isCordoned = false;
    for (const pod of this.#pods.values()) this.#see(pod);
  }

  /** The pods that exist, by name. */
  get pods(): ReadonlyMap<string, KubeObject> {
    return this.#pods;
  }

  /** Returns every claim that the watch has seen: the pod's uid and the claim's id. */
  claims(): { readonly uid: string; readonly claim: string }[] {
    const claims = new Map<string, { uid: string; claim: string }>();
    for (const { uid, claim } of this.history) {
      if (claim !== undefined) claims.set(`${uid} ${claim}`, { uid, claim });
    }
    return [...claims.values()];
  }

  /** Reports that all pods are ready, and from now on new pods, too. */
  async reportAllReady(): Promise<void> {
    this.reportsReady = true;
    await Promise.all(
      this.#pods.values().map((pod) => this.#patchStatus(pod, { conditions: READY })),
    );
  }

  /** Deletes a pod without a grace period, as if its node had died. */
  async kill(name: string): Promise<void> {
    this.#workers.delete(this.#pods.get(name)?.status.podIP);
    const body = { gracePeriodSeconds: 0 };
    await this.#client.call("DELETE", `${this.#podsPath}/${name}`, body, [404]);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stop.abort();
    for (const timer of this.#deadlines.values()) clearTimeout(timer);
    await this.#running;
    await Promise.allSettled(this.#work);
    await this.#server.shutdown();
  }

  async #run(): Promise<void> {
    for await (const event of this.#client.watch(this.#podsPath, this.#stop.signal)) {
      const { type, object: pod } = event;
      const { uid, labels, annotations } = pod.metadata;
      this.history.push({
        uid,
        status: labels.status,
        ready: isReady(pod),
        claim: annotations?.["face-it.io/claim-id"],
      });
      if (type === "DELETED") this.#forget(pod);
      else this.#see(pod);
    }
  }

  #see(pod: KubeObject): void {
    const { uid, name } = pod.metadata;
    this.#pods.set(name, pod);
    if (!this.#isCordoned && !this.#started.has(uid)) this.#do(this.#start(pod));
    const isClaimed = pod.metadata.labels.status !== "ready";
    if (this.#template !== undefined && isClaimed && !this.#replaced.has(uid)) {
      this.#replaced.add(uid);
      this.#do(this.#create(this.#template));
    }
    const seconds = pod.spec.activeDeadlineSeconds;
    if (seconds !== undefined && !this.#deadlines.has(uid)) {
      const end = Date.parse(pod.status.startTime) - this.skewMs + seconds * 1000;
      this.#deadlines.set(uid, setTimeout(() => this.#do(this.#fail(pod)), end - Date.now()));
    }
  }

  async #create({ metadata, spec }: PodTemplate): Promise<void> {
    await this.#client.call("POST", this.#podsPath, {
      metadata: { ...metadata, generateName: "worker-" },
      spec,
    });
  }

  async #start(pod: KubeObject): Promise<void> {
    const { name, uid } = pod.metadata;
    const n = this.#started.add(uid).size;
    const podIP = `127.${1 + (n >> 16)}.${(n >> 8) & 255}.${n & 255}`;
    this.#workers.set(podIP, { name, uid });
    const now = new Date(Date.now() + this.skewMs - this.olderMs).toISOString();
    await this.#patchStatus(pod, {
      phase: "Running",
      podIP,
      podIPs: [{ ip: podIP }],
      startTime: now,
      conditions: this.reportsReady ? READY : NOT_READY,
    });
  }

  /** Ends a pod as a kubelet does at spec.activeDeadlineSeconds. */
  async #fail(pod: KubeObject): Promise<void> {
    await this.#patchStatus(pod, {
      phase: "Failed",
      reason: "DeadlineExceeded",
      conditions: NOT_READY,
    });
  }

  async #patchStatus(pod: KubeObject, status: unknown): Promise<void> {
    const path = `${this.#podsPath}/${pod.metadata.name}/status`;
    await this.#client.call("PATCH", path, { status }, [404]);
  }

  #forget(pod: KubeObject): void {
    this.#pods.delete(pod.metadata.name);
    clearTimeout(this.#deadlines.get(pod.metadata.uid));
  }

  async #answer(request: Request): Promise<Response> {
    const { hostname, pathname } = new URL(request.url);
    const worker = this.#workers.get(hostname);
    if (pathname === "/ready") this.questions.push(request.headers);
    if (worker !== undefined && this.answers !== undefined) return this.answers(worker, request);
    await request.body?.cancel();
    if (worker === undefined) return new Response(null, { status: 404 });
    if (pathname === "/ready") {
      const status = this.saysReady ? "ok" : "unavailable";
      return Response.json({ status, seal: {} }, { status: this.saysReady ? 200 : 503 });
    }
    if (pathname === "/authenticate") {
      const authorization = request.headers.get("Authorization") ?? undefined;
      const keys = this.#keys;
      if (keys && this.checksTokens) {
        await createTokenVerifier({ keys: () => keys, workerName: worker.name })(authorization);
      }
      this.requests.set(worker.uid, (this.requests.get(worker.uid) ?? 0) + 1);
      if (this.answerMs > 0 && !await this.#servesFor(worker, this.answerMs)) {
        this.endedServing.add(worker.uid);
        return new Response(null, { status: 503 });
      }
    }
    return Response.json({
      matched: false,
      confidence: 0,
      face: { box: [0, 0, 1, 1] },
      duration_ms: 1,
    });
  }

  /** Waits, and returns true when the pod still runs at the end. */
  async #servesFor({ name, uid }: { name: string; uid: string }, ms: number): Promise<boolean> {
    await delay(ms, this.#stop.signal).catch(() => {});
    const pod = this.#pods.get(name);
    return pod?.metadata.uid === uid && pod.metadata.deletionTimestamp === undefined &&
      pod.status.phase === "Running";
  }

  #do(work: Promise<unknown>): void {
    this.#work.add(work);
    work.finally(() => this.#work.delete(work));
  }
}

function isReady({ status }: KubeObject): boolean {
  const conditions: { type: string; status: string }[] = status.conditions ?? [];
  return conditions.some(({ type, status }) => type === "Ready" && status === "True");
}
