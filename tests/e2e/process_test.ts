import { assert, assertEquals } from "@std/assert";
import { kubectl } from "../support/kubectl.ts";
import { needs } from "../support/needs.ts";
import { sample } from "../support/pictures.ts";
import { openRelease, SAMPLE_GALLERY } from "./release.ts";
import { type PodEvent, type WatchedWorkers, watchWorkers } from "./watch_workers.ts";

const PROCESSES = 2;
const REQUESTS = 4;

/** Shell program that prints the pids of the worker processes: the children of the supervisor. */
const LIST = `for p in /proc/[0-9]*; do case "$(tr '\\0' ' ' < $p/cmdline 2>/dev/null)" in
  deno*worker/main.ts*|/*/deno*worker/main.ts*) echo "\${p#/proc/}";;
esac; done`;

needs("helm", "node")("a fresh process for each request, in pods on a cluster", async (t) => {
  await using release = await openRelease(
    SAMPLE_GALLERY,
    "isolation=process",
    "poolSize=1",
    `processes.perPod=${PROCESSES}`,
    `processes.requestsPerPod=${REQUESTS}`,
  );
  const picture = await sample("user1_similar.png");
  await release.untilFull(1);
  await release.untilServing();
  await using watched = await watchWorkers(release.worker);

  async function recognise(): Promise<void> {
    const { status, text } = await release.post(picture);
    assertEquals(status, 200, text);
    assertEquals(JSON.parse(text).user_id, "user1");
  }

  await t.step("a pod serves its requests, each by another process, and is destroyed", async () => {
    await recognise();
    const uid = (await claimed(watched)).pod.metadata.uid;
    for (let i = 1; i < REQUESTS; i++) await recognise();
    await ended(watched, uid);
    assertEquals(claims(watched).size, 1, "One pod served all requests");
  });

  await t.step(
    "a process that is killed takes its pod along, and the next pod serves",
    async () => {
      await release.untilFull(1);
      const before = claims(watched);
      await recognise();
      const { pod } = await claimed(watched, before);
      const { name, uid } = pod.metadata;
      const pids = (await inPod(name, LIST)).split("\n").filter(Boolean);
      assert(pids.length > 0, "There is a worker process in the pod");
      await inPod(name, `kill -KILL ${pids[0]}`);
      await ended(watched, uid);
      await recognise();
      assert(claims(watched).size > before.size + 1, "Another pod served the next request");
    },
  );

  async function inPod(pod: string, program: string): Promise<string> {
    return await kubectl("exec", `--namespace=${release.worker}`, pod, "--", "sh", "-c", program);
  }
});

const isClaimed = ({ pod }: PodEvent) => pod.metadata.labels.status === "busy";

/** Returns the uids of all pods that were claimed. */
function claims({ events }: WatchedWorkers): Set<string> {
  return new Set(events.filter(isClaimed).map(({ pod }) => pod.metadata.uid));
}

/** Waits until a pod is claimed that was not claimed before. */
function claimed(watched: WatchedWorkers, before: ReadonlySet<string> = new Set()) {
  return watched.until(
    "a claimed pod",
    (event) => isClaimed(event) && !before.has(event.pod.metadata.uid),
  );
}

/** Waits until a pod is deleted. */
async function ended(watched: WatchedWorkers, uid: string): Promise<void> {
  await watched.until(
    "the end of the pod",
    ({ type, pod }) => type === "DELETED" && pod.metadata.uid === uid,
  );
}
