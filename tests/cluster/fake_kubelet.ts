/** Plays the kubelet: makes pods Ready at addresses of this machine, ends them, and answers for them. */

import { type TokenKeys, verifyWorkerToken } from "../../shared/http/worker_token.ts";
import type { Admin, Thing } from "../support/kubernetes.ts";

/** Pods that are made at once. */
const AT_ONCE = 16;

/** Runs the pods of one namespace. Nothing is run: one server answers for all of them. */
export class FakeKubelet implements AsyncDisposable {
  /** Requests that each pod has had, by uid; counted here, where they arrive. */
  readonly requests = new Map<string, number>();
  /** Every state of every pod that the API server told of, in order, as far as claims show in it. */
  readonly history: { readonly uid: string; readonly status: string; readonly claim?: string }[] =
    [];
  readonly port: number;
  readonly #admin: Admin;
  readonly #podsPath: string;
  readonly #keys: TokenKeys | undefined;
  readonly #pods = new Map<string, Thing>();
  /** Who answers at an address. Who is deleted still does: a worker finishes the request it has. */
  readonly #workers = new Map<string, { readonly name: string; readonly uid: string }>();
  /** Pods that have an address, by uid. */
  readonly #started = new Set<string>();
  readonly #deadlines = new Map<string, ReturnType<typeof setTimeout>>();
  readonly #stop = new AbortController();
  readonly #server: Deno.HttpServer<Deno.NetAddr>;
  readonly #running: Promise<void>;
  readonly #work = new Set<Promise<unknown>>();
  readonly #replaced = new Set<string>();
  #template: Thing;
  #isCordoned = false;

  /**
   * Begins to run the pods there.
   *
   * @param keys Of the tokens that requests must bear
   */
  constructor(admin: Admin, podsPath: string, keys?: TokenKeys) {
    this.#keys = keys;
    this.#admin = admin;
    this.#podsPath = podsPath;
    this.#server = Deno.serve(
      { hostname: "0.0.0.0", port: 0, onListen: () => {} },
      (request) => this.#answer(request),
    );
    this.port = this.#server.addr.port;
    this.#running = this.#run();
  }

  /**
   * Makes pods that belong to no Deployment, and one more for each that is claimed: a controller
   * manager's own rate would bound a test.
   */
  async fill(replicas: number, template: Thing): Promise<void> {
    this.#template = template;
    await this.add(replicas, template);
  }

  /** Makes so many pods that belong to no Deployment. */
  async add(count: number, template: Thing): Promise<void> {
    let left = count;
    await Promise.all(Array.from({ length: AT_ONCE }, async () => {
      while (left-- > 0) await this.#create(template);
    }));
  }

  /** No pod becomes Ready any more, as if no node took one. */
  cordon(): void {
    this.#isCordoned = true;
  }

  /** All that wait become Ready. */
  uncordon(): void {
    this.#isCordoned = false;
    for (const pod of this.#pods.values()) this.#see(pod);
  }

  /** The pods that exist, by name. */
  get pods(): ReadonlyMap<string, Thing> {
    return this.#pods;
  }

  /** Every claim that the API server told of: the pod's uid and the claim's id. */
  claims(): { readonly uid: string; readonly claim: string }[] {
    const claims = new Map<string, { uid: string; claim: string }>();
    for (const { uid, claim } of this.history) {
      if (claim !== undefined) claims.set(`${uid} ${claim}`, { uid, claim });
    }
    return [...claims.values()];
  }

  /** Deletes a pod at once, as if its node had died. */
  async kill(name: string): Promise<void> {
    this.#workers.delete(this.#pods.get(name)?.status.podIP);
    const body = { gracePeriodSeconds: 0 };
    await this.#admin.call("DELETE", `${this.#podsPath}/${name}`, body, [404]);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stop.abort();
    for (const timer of this.#deadlines.values()) clearTimeout(timer);
    await this.#running;
    await Promise.allSettled(this.#work);
    await this.#server.shutdown();
  }

  async #run(): Promise<void> {
    for await (const event of this.#admin.watch(this.#podsPath, this.#stop.signal)) {
      const { type, object: pod } = event;
      const { uid, labels, annotations } = pod.metadata;
      this.history.push({
        uid,
        status: labels.status,
        claim: annotations?.["face-it.io/claim-id"],
      });
      if (type === "DELETED") this.#forget(pod);
      else this.#see(pod);
    }
  }

  #see(pod: Thing): void {
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
      const end = Date.parse(pod.status.startTime) + seconds * 1000;
      this.#deadlines.set(uid, setTimeout(() => this.#do(this.#fail(pod)), end - Date.now()));
    }
  }

  async #create({ metadata, spec }: Thing): Promise<void> {
    await this.#admin.call("POST", this.#podsPath, {
      metadata: { ...metadata, generateName: "worker-" },
      spec,
    });
  }

  async #start(pod: Thing): Promise<void> {
    const { name, uid } = pod.metadata;
    const n = this.#started.add(uid).size;
    const podIP = `127.${1 + (n >> 16)}.${(n >> 8) & 255}.${n & 255}`;
    this.#workers.set(podIP, { name, uid });
    const now = new Date().toISOString();
    await this.#patchStatus(pod, {
      phase: "Running",
      podIP,
      podIPs: [{ ip: podIP }],
      startTime: now,
      conditions: [{ type: "Ready", status: "True", lastTransitionTime: now }],
    });
  }

  /** What a kubelet does at spec.activeDeadlineSeconds. */
  async #fail(pod: Thing): Promise<void> {
    await this.#patchStatus(pod, {
      phase: "Failed",
      reason: "DeadlineExceeded",
      conditions: [{ type: "Ready", status: "False" }],
    });
  }

  async #patchStatus(pod: Thing, status: unknown): Promise<void> {
    const path = `${this.#podsPath}/${pod.metadata.name}/status`;
    await this.#admin.call("PATCH", path, { status }, [404]);
  }

  #forget(pod: Thing): void {
    this.#pods.delete(pod.metadata.name);
    clearTimeout(this.#deadlines.get(pod.metadata.uid));
  }

  async #answer(request: Request): Promise<Response> {
    const { hostname, pathname } = new URL(request.url);
    await request.body?.cancel();
    const worker = this.#workers.get(hostname);
    if (worker === undefined) return new Response(null, { status: 404 });
    if (pathname === "/authenticate") {
      const authorization = request.headers.get("Authorization") ?? undefined;
      if (this.#keys) await verifyWorkerToken(this.#keys, worker.name, authorization);
      this.requests.set(worker.uid, (this.requests.get(worker.uid) ?? 0) + 1);
    }
    return Response.json({
      matched: false,
      confidence: 0,
      face: { box: [0, 0, 1, 1] },
      duration_ms: 1,
    });
  }

  #do(work: Promise<unknown>): void {
    this.#work.add(work);
    work.finally(() => this.#work.delete(work));
  }
}
