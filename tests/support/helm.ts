/** Runs helm and reads what the chart renders. */

import { assert } from "@std/assert";
import { parseAllDocuments } from "yaml";
import type { KubeObject } from "./kubernetes.ts";
import { type Outcome, runProgram } from "./run_program.ts";

/** Folder of the chart. */
export const CHART = "charts/face-it";

/** Program to run. FACE_IT_HELM replaces the helm on the PATH, for example by Helm 4. */
const HELM = Deno.env.get("FACE_IT_HELM") || "helm";
/** Version of Kubernetes to render for. Without a cluster, helm assumes an old version. */
const KUBE_VERSION = "1.34.0";
const RELEASE = "face-it";

/** Runs helm, with `input` as its standard input. */
export function helm(args: readonly string[], input?: string): Promise<Outcome> {
  return runProgram(HELM, args, input);
}

/** Renders the chart as the release face-it, with further arguments of `helm template`. */
export async function render(...args: string[]): Promise<KubeObject[]> {
  return parse(await template(RELEASE, args));
}

/** Renders the chart as the release face-it, with values like those in a values file. */
export async function renderValues(values: unknown): Promise<KubeObject[]> {
  return parse(await template(RELEASE, ["--values=-"], JSON.stringify(values)));
}

/** Renders the chart as a release with the name `release`. */
export async function renderAs(release: string, args: readonly string[]): Promise<KubeObject[]> {
  return parse(await template(release, args));
}

function parse({ ok, text }: Outcome): KubeObject[] {
  assert(ok, text);
  const documents = parseAllDocuments(text);
  for (const { errors } of documents) assert(errors.length === 0, `${errors[0]}`);
  return documents.map((document) => document.toJS()).filter((object) => object !== null);
}

/** Checks that helm refuses to render the chart, and returns the error of helm. */
export async function refusal(...args: string[]): Promise<string> {
  const { ok, text } = await template(RELEASE, args);
  assert(!ok, "helm did not refuse to render the chart");
  return text;
}

function template(release: string, args: readonly string[], input?: string): Promise<Outcome> {
  return helm(["template", release, CHART, "--kube-version", KUBE_VERSION, ...args], input);
}

/** Returns the only object with a kind and a name, such as `Service/face-it-api`. */
export function find(objects: readonly KubeObject[], kindAndName: string): KubeObject {
  const found = objects.filter(({ kind, metadata }) => `${kind}/${metadata.name}` === kindAndName);
  assert(found.length === 1, `Expected 1 object ${kindAndName}, got ${found.length}`);
  return found[0]!;
}

/**
 * Returns the value at a path such as `spec.replicas`, or undefined. Two things are written in
 * brackets: the name of a list item (`containers[worker]`), and a key with dots
 * (`annotations[face-it.io/gallery-revision]`).
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

/** Returns the environment variables of a Deployment's only container. */
export function environment(deployment: KubeObject): Record<string, string | undefined> {
  const [container] = deployment.spec.template.spec.containers;
  const variables: { name: string; value?: string }[] = container.env;
  return Object.fromEntries(variables.map(({ name, value }) => [name, value]));
}
