/**
 * Registers tests that need something from outside the project, such as a browser or a cluster. A
 * test whose need is missing is skipped, and its name says what it needs. FACE_IT_REQUIRE turns the
 * skip into a failure: `all`, or the names of needs, separated by commas.
 */

/** Something that a test can need. */
export type Need = keyof typeof NEEDS;

/** The body of a test. */
export type TestBody = (t: Deno.TestContext) => void | Promise<void>;

/** Registers one test. */
export type RegisterTest = (name: string, body: TestBody) => void;

interface NeedCheck {
  /** What to install or set. */
  readonly how: string;
  readonly isMet: () => boolean | Promise<boolean>;
}

const NEEDS = {
  chromium: {
    how: "Chromium, and its path in FACE_IT_CHROMIUM",
    isMet: () => exists(Deno.env.get("FACE_IT_CHROMIUM")),
  },
  helm: {
    how: "Helm 3 or 4 on the PATH, or its path in FACE_IT_HELM",
    isMet: () => runs(Deno.env.get("FACE_IT_HELM") || "helm", "version"),
  },
  cluster: {
    how: "kubectl, a cluster that tests may change (KUBECONFIG), and FACE_IT_TEST_CLUSTER=1",
    isMet: () => Deno.env.get("FACE_IT_TEST_CLUSTER") === "1",
  },
  node: {
    how: "a cluster whose node has both images and serves port 30080, and FACE_IT_TEST_E2E=1",
    isMet: () => Deno.env.get("FACE_IT_TEST_E2E") === "1",
  },
  photographs: {
    how: "photographs in FACE_IT_LFW100 and FACE_IT_LFW100_REFERENCE: docs/accuracy.md says which",
    isMet: async () =>
      await exists(Deno.env.get("FACE_IT_LFW100")) &&
      await exists(Deno.env.get("FACE_IT_LFW100_REFERENCE")),
  },
  schemathesis: {
    how: "schemathesis from PyPI, and its path in FACE_IT_SCHEMATHESIS",
    isMet: () => exists(Deno.env.get("FACE_IT_SCHEMATHESIS")),
  },
} as const satisfies Readonly<Record<string, NeedCheck>>;

/**
 * Returns the function that registers tests with these needs.
 *
 * @throws {TypeError} when FACE_IT_REQUIRE names a need that does not exist
 */
export function needs(...names: readonly Need[]): RegisterTest {
  return (name, body) => {
    const required = readRequired(Deno.env.get("FACE_IT_REQUIRE"));
    const missing = names.filter((need) => !MET[need]);
    if (missing.length === 0) return Deno.test(name, body);
    const how = missing.map((need) => NEEDS[need].how).join("; and ");
    if (missing.some((need) => required.has(need))) {
      Deno.test(name, () => {
        throw new Error(`FACE_IT_REQUIRE does not allow to skip this test. It needs ${how}`);
      });
    } else {
      Deno.test.ignore(`${name} [needs ${how}]`, () => {});
    }
  };
}

/** True when everything that these needs ask for is there. */
export function areMet(...names: readonly Need[]): boolean {
  return names.every((need) => MET[need]);
}

/**
 * Reads FACE_IT_REQUIRE.
 *
 * @throws {TypeError} naming a need that does not exist
 */
export function readRequired(value = ""): ReadonlySet<Need> {
  const all = Object.keys(NEEDS) as Need[];
  if (value === "all") return new Set(all);
  const names = value.split(",").map((name) => name.trim()).filter((name) => name !== "");
  for (const name of names) {
    if (!all.includes(name as Need)) {
      throw new TypeError(`FACE_IT_REQUIRE: "${name}" is none of ${all.join(", ")} or all`);
    }
  }
  return new Set(names as Need[]);
}

async function exists(path: string | undefined): Promise<boolean> {
  if (!path) return false;
  return await Deno.stat(path).then(() => true, () => false);
}

async function runs(program: string, ...args: string[]): Promise<boolean> {
  try {
    const command = new Deno.Command(program, { args, stdout: "null", stderr: "null" });
    return (await command.output()).success;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return false;
    throw error;
  }
}

const MET = Object.fromEntries(
  await Promise.all(
    Object.entries(NEEDS).map(async ([name, { isMet }]) => [name, await isMet()] as const),
  ),
) as Readonly<Record<Need, boolean>>;
