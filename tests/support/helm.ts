/** Renders the chart with helm, for tests. */

import { assert } from "@std/assert";
import { parseAllDocuments } from "yaml";

/** The chart's folder. */
export const CHART = "charts/face-it";

/** Another helm than the one on the PATH, such as Helm 4. */
const HELM = Deno.env.get("FACE_IT_HELM") || "helm";
/** helm does not ask a cluster for it when it only renders. */
const KUBE_VERSION = "1.34.0";

/** An object as it is sent to Kubernetes. */
export interface KubeObject {
  readonly kind: string;
  readonly metadata: {
    readonly name: string;
    readonly namespace?: string;
    readonly labels?: Readonly<Record<string, string>>;
    readonly annotations?: Readonly<Record<string, string>>;
  };
  // deno-lint-ignore no-explicit-any -- tests look at any field of any kind
  readonly [field: string]: any;
}

/** How a program ended. */
export interface Outcome {
  readonly ok: boolean;
  /** Standard output, or standard error where the program failed. */
  readonly text: string;
}

/** Runs a program to its end, given `input`. */
export async function run(program: string, args: string[], input = ""): Promise<Outcome> {
  const child = new Deno.Command(program, {
    args,
    stdin: "piped",
    stdout: "piped",
    stderr: "piped",
  }).spawn();
  const writer = child.stdin.getWriter();
  await writer.write(new TextEncoder().encode(input));
  await writer.close();
  const { success, stdout, stderr } = await child.output();
  return { ok: success, text: new TextDecoder().decode(success ? stdout : stderr) };
}

/** Runs helm. */
export function helm(...args: string[]): Promise<Outcome> {
  return run(HELM, args);
}

/** The body of a test. */
export type Body = (t: Deno.TestContext) => void | Promise<void>;

const required = Deno.env.get("FACE_IT_REQUIRE_CLUSTER") === "1";
const helmWorks = await helm("version").then(({ ok }) => ok, () => false);

/** Registers a test that needs helm. Without it the test is skipped, or fails where it must not be. */
export function helmTest(name: string, body: Body): void {
  testWith(helmWorks, "Helm 3 or 4 as helm on the PATH, or FACE_IT_HELM", name, body);
}

/** Registers a test that needs something from outside. Its name says so where it is skipped. */
export function testWith(
  given: boolean,
  need: string,
  name: string,
  body: Body,
  mustRun = required,
): void {
  if (!given && !mustRun) Deno.test.ignore(`${name} [needs ${need}]`, () => {});
  else {
    Deno.test(name, async (t) => {
      assert(given, `This test must not be skipped, and there is no ${need}`);
      await body(t);
    });
  }
}

/** Renders the chart of the release face-it, with further arguments of `helm template`. */
export async function render(...args: string[]): Promise<KubeObject[]> {
  const { ok, text } = await template(args);
  assert(ok, text);
  const documents = parseAllDocuments(text);
  for (const { errors } of documents) assert(errors.length === 0, `${errors[0]}`);
  return documents.map((document) => document.toJS()).filter((object) => object !== null);
}

/** What helm says when it refuses to render. */
export async function refusal(...args: string[]): Promise<string> {
  const { ok, text } = await template(args);
  assert(!ok, "Expected helm to refuse");
  return text;
}

function template(args: string[]): Promise<Outcome> {
  return helm("template", "face-it", CHART, "--kube-version", KUBE_VERSION, ...args);
}

/** The one object of that kind and name. */
export function find(objects: readonly KubeObject[], kindAndName: string): KubeObject {
  const found = objects.filter(({ kind, metadata }) => `${kind}/${metadata.name}` === kindAndName);
  assert(found.length === 1, `There are ${found.length} objects ${kindAndName}`);
  return found[0]!;
}

/**
 * The value at a path such as `spec.replicas`. In brackets stands the name of a list's item
 * (`containers[worker]`) or a key that has dots (`annotations[face-it.io/gallery-revision]`).
 */
export function at(object: unknown, path: string): unknown {
  let value = object;
  for (const [key] of path.matchAll(/(?<=\[)[^\]]+(?=\])|[^.[\]]+/g)) {
    value = Array.isArray(value) && !/^\d+$/.test(key)
      ? value.find((item) => item.name === key)
      : (value as Record<string, unknown> | undefined)?.[key];
  }
  return value;
}

/** The values of an object's environment variables by name, in its only container. */
export function environment(deployment: KubeObject): Record<string, string | undefined> {
  const [container] = deployment["spec"].template.spec.containers;
  const variables: { name: string; value?: string }[] = container.env;
  return Object.fromEntries(variables.map(({ name, value }) => [name, value]));
}
