// A decoder that a picture has taken over, in pods with all the settings of the chart. The same
// attack runs in a process in tests/seal/hostile_test.ts.

import { assert, assertEquals } from "@std/assert";
import { SEAL_PARTS } from "../../shared/contract/worker_seal.ts";
import { isRefused, outcome, wrongUnderSeal } from "../seal/attempts.ts";
import { needs } from "../support/needs.ts";
import { sample } from "../support/pictures.ts";
import { PROCESS_FILES, startHostilePod } from "./hostile_pod.ts";
import { openRelease, type Release } from "./release.ts";

/**
 * Attempts that a pod refuses to every worker, sealed or not, by what refuses them. Everything else
 * is possible without the seal.
 */
const REFUSED_ANYHOW = {
  "the user has no rights": ["open by a handle", "new namespace", "setuid"],
  "the seccomp profile RuntimeDefault": [
    "handle of a file",
    "fork by clone3",
    "thread in a new namespace",
    "process_vm_readv",
    "process_vm_writev",
    "take a file of a sibling",
    "new namespace of users",
    "enter a namespace",
    "mount",
    "mount by open_tree",
    "change the root",
    "bpf",
    "perf_event_open",
    "keyctl",
    "userfaultfd",
  ],
  "the root is read-only": ["remove a file"],
  "nothing in the image can be written": [
    "write an open file of the runtime",
    "mprotect a mapping of the runtime and write",
  ],
  "the kernel has no x32 calls": ["open by a number of x32"],
};
/** Attempts that the profile of containerd refuses since version 2. */
const REFUSED_BY_CONTAINERD_2 = ["io_uring", "io_uring that was open"];

needs("helm", "node")("a decoder that turns hostile in a pod is refused by the seal", async (t) => {
  await using release = await openRelease("poolSize=1", "api.replicas=0");
  const picture = await sample("user1_similar.png");
  const unsealed = await startHostilePod(release, ["decode", "seal"]);
  const sealed = await startHostilePod(release, ["decode"]);

  await t.step("the pods have the chart's settings, and one of them a seal", () => {
    for (const { pod: { spec } } of [sealed, unsealed]) {
      const [{ securityContext }] = spec.containers;
      console.log(JSON.stringify({ pod: spec.securityContext, container: securityContext }));
      assertEquals(spec.automountServiceAccountToken, false);
      assertEquals(spec.securityContext.runAsUser, 1993);
      assertEquals(spec.securityContext.seccompProfile, { type: "RuntimeDefault" });
      assertEquals(securityContext.readOnlyRootFilesystem, true);
      assertEquals(securityContext.allowPrivilegeEscalation, false);
      assertEquals(securityContext.capabilities, { drop: ["ALL"] });
    }
    const every = (holds: boolean) => Object.fromEntries(SEAL_PARTS.map((part) => [part, holds]));
    assertEquals(sealed.ready["seal"], every(true));
    assertEquals(unsealed.ready["seal"], every(false));
  });

  await t.step("another process of the pod cannot open a sealed worker's memory", async () => {
    assertEquals(await unsealed.openedByOthers(), PROCESS_FILES);
    assertEquals(await sealed.openedByOthers(), []);
  });

  await t.step(
    "each attempt is refused by the seal, and by nothing else unless listed",
    async () => {
      const without = await unsealed.attack(picture), tried = await sealed.attack(picture);
      const names = (rows: typeof tried) => rows.map(({ thread, what }) => `${thread}: ${what}`);
      const refusedBy = new Map(
        Object.entries(await refusedAnyhow(release))
          .flatMap(([who, attempts]) => attempts.map((what) => [what, who])),
      );
      console.table(without.map((row, i) => ({
        thread: row.thread,
        attempt: row.what,
        "without the seal": outcome(row),
        "refused anyhow by": refusedBy.get(row.what) ?? "",
        sealed: tried[i] && outcome(tried[i]),
      })));
      assertEquals(names(tried), names(without));
      assert(tried.length > 120, `${tried.length} attempts`);
      assertEquals(wrongUnderSeal(tried), []);
      assertEquals(
        names(without.filter(isRefused)),
        names(without.filter(({ what }) => refusedBy.has(what))),
      );
    },
  );
});

async function refusedAnyhow({ client }: Release): Promise<Record<string, string[]>> {
  const { items: [{ status: { nodeInfo } }] } = await client.call("GET", "/api/v1/nodes");
  const runtime: string = nodeInfo.containerRuntimeVersion;
  console.log(`${runtime}, Linux ${nodeInfo.kernelVersion}`);
  const major = Number(/^containerd:\/\/(\d+)\./.exec(runtime)?.[1]);
  if (!(major >= 2)) return REFUSED_ANYHOW;
  return { ...REFUSED_ANYHOW, "containerd 2": REFUSED_BY_CONTAINERD_2 };
}
