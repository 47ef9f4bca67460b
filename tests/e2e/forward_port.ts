/** Forwards a port of this machine to a pod, as a user does. NetworkPolicies do not concern it. */

import { eventually } from "../support/eventually.ts";
import { readLines } from "../support/read_output.ts";
import type { PodName } from "./reach.ts";

/** A forwarded port. Disposing of it ends kubectl. */
export interface ForwardedPort extends AsyncDisposable {
  readonly url: URL;
}

/** Forwards any free port to a port of a pod. */
export async function forwardPort({ namespace, name }: PodName, port: number) {
  const child = new Deno.Command("kubectl", {
    args: ["port-forward", `pod/${name}`, `:${port}`, `--namespace=${namespace}`],
    stdin: "null",
    stdout: "piped",
    stderr: "piped",
  }).spawn();
  const lines: string[] = [];
  const reading = [readLines(child.stdout, lines), readLines(child.stderr, lines)];
  let ended = false;
  const end = child.status.finally(() => ended = true);
  await using opened = new AsyncDisposableStack();
  opened.defer(async () => {
    if (!ended) child.kill();
    await end;
    await Promise.all(reading);
  });
  const local = () => lines.map((line) => /^Forwarding from (127\.0\.0\.1:\d+)/.exec(line)?.[1]);
  await eventually(() => ended || local().some(Boolean), "kubectl forwards a port", 20_000);
  const address = local().find(Boolean);
  if (address === undefined) throw new Error(`kubectl port-forward: ${lines.join("\n")}`);
  const stack = opened.move();
  const forwarded: ForwardedPort = {
    url: new URL(`http://${address}`),
    [Symbol.asyncDispose]: () => stack.disposeAsync(),
  };
  return forwarded;
}
