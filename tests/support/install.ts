/** Installs the chart into a cluster that may be played with. */

import { assert } from "@std/assert";
import {
  type Body,
  CHART,
  helm,
  helmTest,
  type KubeObject,
  type Outcome,
  run,
  testWith,
} from "./helm.ts";

/** Registers a test that needs helm and a cluster: see {@linkcode helmTest}. */
export function clusterTest(name: string, body: Body): void {
  const given = Deno.env.get("FACE_IT_TEST_CLUSTER") === "1";
  const need =
    "KUBECONFIG to a cluster to play with, such as one of kind, and FACE_IT_TEST_CLUSTER=1";
  if (given) helmTest(name, body);
  else testWith(given, need, name, body);
}

/** Runs kubectl, given `input`. */
export function kubectl(args: string[], input = ""): Promise<Outcome> {
  return run("kubectl", args, input);
}

/** The object, or undefined when there is none. */
export async function get(...args: string[]): Promise<KubeObject | undefined> {
  const { ok, text } = await kubectl(["get", "--output=json", "--ignore-not-found", ...args]);
  assert(ok, text);
  return text === "" ? undefined : JSON.parse(text);
}

/** The objects. */
export async function list(...args: string[]): Promise<KubeObject[]> {
  const { ok, text } = await kubectl(["get", "--output=json", ...args]);
  assert(ok, text);
  return JSON.parse(text).items;
}

/** The chart, installed in namespaces that no other test has. */
export interface Installed extends AsyncDisposable {
  readonly release: string;
  readonly api: string;
  readonly worker: string;
  /** Installs or upgrades it, with values `name=value` or further arguments `--name=value`. */
  upgrade(...set: string[]): Promise<void>;
  uninstall(): Promise<void>;
  /** Runs kubectl as a service account, by its own token. */
  as(namespace: string, account: string): Promise<(args: string[]) => Promise<Outcome>>;
  /** Configures kubectl and helm to be that account. */
  kubeconfig(namespace: string, account: string): Promise<string>;
}

/** Installs the chart, as a release of the namespace default. What it leaves is removed at the end. */
export function install(...set: string[]): Promise<Installed> {
  return installFrom("default", set);
}

/** Installs the chart, as a release of the api's namespace, which Helm makes. */
export function installBesideApi(...set: string[]): Promise<Installed> {
  return installFrom("api", set);
}

async function installFrom(where: "default" | "api", set: string[]): Promise<Installed> {
  const id = crypto.randomUUID().slice(0, 8);
  const [release, api, worker] = [`face-it-${id}`, `test-api-${id}`, `test-workers-${id}`];
  const home = ["--namespace", where === "api" ? api : where];
  const folder = await Deno.makeTempDir();
  const installed: Installed = {
    release,
    api,
    worker,
    async upgrade(...set) {
      const values = [`namespaces.api=${api}`, `namespaces.worker=${worker}`, ...set];
      const args = values.map((value) => value.startsWith("--") ? value : `--set=${value}`);
      args.push(...home, "--create-namespace");
      const { ok, text } = await helm("upgrade", "--install", release, CHART, ...args);
      assert(ok, text);
    },
    async uninstall() {
      const { ok, text } = await helm("uninstall", release, "--ignore-not-found", ...home);
      assert(ok, text);
    },
    async as(namespace, account) {
      const file = await installed.kubeconfig(namespace, account);
      return (args) => kubectl([`--kubeconfig=${file}`, ...args]);
    },
    async kubeconfig(namespace, account) {
      const token = await kubectl(["create", "token", account, `--namespace=${namespace}`]);
      assert(token.ok, token.text);
      const view = await kubectl(["config", "view", "--raw", "--minify", "--output=json"]);
      const config = JSON.parse(view.text);
      // Beside an administrator's certificate the token would not count.
      config.users = [{ name: account, user: { token: token.text.trim() } }];
      for (const { context } of config.contexts) context.user = account;
      const file = `${folder}/${account}`;
      await Deno.writeTextFile(file, JSON.stringify(config), { mode: 0o600 });
      return file;
    },
    async [Symbol.asyncDispose]() {
      await Deno.remove(folder, { recursive: true });
      await installed.uninstall();
      await kubectl(["delete", "namespace", api, worker, "--ignore-not-found", "--wait=false"]);
    },
  };
  try {
    await installed.upgrade(...set);
  } catch (error) {
    await installed[Symbol.asyncDispose]();
    throw error;
  }
  return installed;
}
