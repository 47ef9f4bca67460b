import { assertEquals } from "@std/assert";
import { eventually } from "../support/eventually.ts";
import { type KubeObject, pathOf } from "../support/kubernetes.ts";
import { needs } from "../support/needs.ts";
import { sample } from "../support/pictures.ts";
import { claimWorker } from "./claim_worker.ts";
import { nodeAddress, type PodName, reachedFrom } from "./reach.ts";
import { isFree, isReady, openRelease, type Release } from "./release.ts";
import { openUsers } from "./users.ts";

const POOL_SIZE = 2;
/** Requests that take each worker as soon as it is Ready. */
const REQUESTS = 10;
const AT_ONCE = 3;

needs("helm", "node", "network_policies")("the network of a cluster", async (t) => {
  await using release = await openRelease(
    `poolSize=${POOL_SIZE}`,
    "api.replicas=1",
    "limits.requestTimeoutMs=12000",
  );
  const { client, release: name, api, worker } = release;
  await using cleanup = new AsyncDisposableStack();
  await release.untilFull(POOL_SIZE);
  await release.untilServing();

  await t.step("a worker whose rules are not up yet costs no request", async () => {
    const picture = await sample("user1_similar.png");
    const users = await openUsers(release);
    await users.enrol("ada", await sample("user1.png"));
    const failed: string[] = [];
    let left = REQUESTS;
    await Promise.all(Array.from({ length: AT_ONCE }, async () => {
      while (left-- > 0) {
        const { status, text } = await release.post(picture);
        // No worker was claimed: a slow machine had no new one in time.
        if (text.includes("no_worker_available")) left++;
        else if (status !== 200) failed.push(text);
      }
    }));
    assertEquals(failed, []);
  });

  await t.step("each part reaches what it needs, and nothing else", async () => {
    await release.untilFull(POOL_SIZE);
    const claimed = await claimWorker(release, 600_000);
    await eventually(
      async () => (await release.workers()).filter(isFree).length === POOL_SIZE,
      "the claimed worker is replaced",
      60_000,
    );
    const pods = await findPods(release);
    const outside = Deno.listen({ hostname: await nodeAddress(release), port: 0 });
    cleanup.defer(() => outside.close());
    void accept(outside);
    const strangers: Record<string, PodName> = {};
    for (const namespace of [api, worker, "default"]) {
      const stranger = { namespace, name: `stranger-${crypto.randomUUID().slice(0, 8)}` };
      await startStranger(release, stranger);
      cleanup.defer(() => client.delete("Pod", stranger.name, namespace));
      strangers[namespace] = stranger;
    }
    const service = await client.get("Service", `${name}-gallery`, worker);
    const { hostname, port } = outside.addr as Deno.NetAddr;
    const targets = {
      "the api": `${pods.api.status.podIP}:8080`,
      "a worker": `${pods.otherWorker.status.podIP}:8080`,
      "the gallery": `${pods.gallery.status.podIP}:8080`,
      "the gallery's Service": `${service!.spec.clusterIP}:80`,
      "the API server": `${await serviceIp(release, "kubernetes", "default")}:443`,
      "DNS": `${await serviceIp(release, "kube-dns", "kube-system")}:53`,
      "DNS by UDP": `dns:${await serviceIp(release, "kube-dns", "kube-system")}:53`,
      "an address outside": `${hostname}:${port}`,
    };
    const from = (pod: PodName) => reachedFrom(pod, targets);
    const named = ({ metadata }: KubeObject): PodName => ({
      namespace: metadata.namespace!,
      name: metadata.name,
    });
    const everywhere = ["the API server", "DNS", "DNS by UDP", "an address outside"];
    assertEquals(
      {
        "the api": await from(named(pods.api)),
        "a free worker": await from(named(pods.worker)),
        "a claimed worker": await from({ namespace: worker, name: claimed.name }),
        "the gallery": await from(named(pods.gallery)),
        "another pod of the api's namespace": await from(strangers[api]!),
        "another pod of the workers' namespace": await from(strangers[worker]!),
        "a pod of another namespace": await from(strangers["default"]!),
      },
      {
        // A pod always reaches itself.
        "the api": [
          ...["the api", "a worker", "the gallery", "the gallery's Service"],
          ...["the API server", "DNS", "DNS by UDP"],
        ],
        "a free worker": [],
        "a claimed worker": [],
        "the gallery": ["the gallery"],
        "another pod of the api's namespace": ["the api", ...everywhere],
        "another pod of the workers' namespace": ["the api", ...everywhere],
        "a pod of another namespace": ["the api", ...everywhere],
      },
    );
  });
});

async function findPods({ client, release, api, worker }: Release) {
  const ofApi = `app.kubernetes.io/component=api,app.kubernetes.io/instance=${release}`;
  const [pod] = await client.list("Pod", api, ofApi);
  const workers = (await client.list("Pod", worker, "app=face-recognition-worker")).filter(isFree);
  const gallery = await client.get("Pod", `${release}-gallery-0`, worker);
  return { api: pod!, worker: workers[0]!, otherWorker: workers[1]!, gallery: gallery! };
}

async function serviceIp({ client }: Release, name: string, namespace: string): Promise<string> {
  return (await client.get("Service", name, namespace))!.spec.clusterIP;
}

/** Accepts connections and closes them. */
async function accept(listener: Deno.Listener): Promise<void> {
  try {
    for await (const connection of listener) connection.close();
  } catch (error) {
    if (!(error instanceof Deno.errors.BadResource)) throw error;
  }
}

/** Starts a pod that has nothing to do with the release. */
async function startStranger({ client, api, release }: Release, pod: PodName): Promise<void> {
  const { spec } = (await client.get("Deployment", `${release}-api`, api))!;
  const { securityContext, containers: [{ image, imagePullPolicy, ...container }] } =
    spec.template.spec;
  await client.create({
    apiVersion: "v1",
    kind: "Pod",
    metadata: { ...pod },
    spec: {
      securityContext,
      automountServiceAccountToken: false,
      terminationGracePeriodSeconds: 0,
      containers: [{
        name: "stranger",
        image,
        imagePullPolicy,
        securityContext: container.securityContext,
        command: ["sleep", "600"],
      }],
    },
  });
  await eventually(
    async () => {
      const present = await client.get("Pod", pod.name, pod.namespace);
      return present !== undefined && isReady(present);
    },
    `${pathOf("Pod", pod.name, pod.namespace)} is Ready`,
    60_000,
  );
}
