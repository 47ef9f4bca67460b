import { assert, assertEquals, assertMatch } from "@std/assert";
import { MatchSchema, NonMatchSchema } from "../../shared/contract/contract.ts";
import { eventually } from "../support/eventually.ts";
import { ROOT } from "../support/checkout.ts";
import { Service } from "../support/service.ts";

Deno.test("deno task start prints a curl command that works unchanged", async () => {
  await using service = await startTask();
  assertMatch(
    service.out,
    new RegExp(`^face-it is ready: http://localhost:${service.url.port}$`, "m"),
  );
  const [, curl] = /^ +(curl .+)$/m.exec(service.out) ?? [];
  assert(curl !== undefined, service.out);

  const match = MatchSchema.parse(JSON.parse(await shell(curl)));
  assertEquals([match.user_id, match.user_name], ["user1", "User One"]);
  const stranger = curl.replace("user1_similar.png", "different.png");
  assert(stranger !== curl, curl);
  NonMatchSchema.parse(JSON.parse(await shell(stranger)));
});

Deno.test("deno task start leaves no process when a signal ends it", async () => {
  for (const signal of ["SIGTERM", "SIGINT", "SIGKILL"] as const) {
    await using service = await startTask();
    await service.untilFull();
    await service.stop(signal);
    await service.leavesNothing();
  }
});

Deno.test("deno task start leaves no process when the api is killed", async () => {
  await using service = await startTask();
  await service.untilFull();
  const family = await service.processes();
  const api = family.find(({ command }) => command.includes("api/main.ts"));
  assert(api !== undefined && api.pid !== service.pid, JSON.stringify(family));
  Deno.kill(api.pid, "SIGKILL");
  assert(await service.exitCode() !== 0, "deno task reports success although the api was killed");
  await service.leavesNothing();
});

/** Starts the task and waits until it has printed the curl command. */
async function startTask(): Promise<Service> {
  const service = new Service({}, ["task", "start"]);
  await service.untilReady();
  await eventually(() => service.out.includes("/authenticate\n"), "the task prints a curl command");
  return service;
}

/** Runs a command line in the project's folder and returns what it prints. */
async function shell(line: string): Promise<string> {
  const { stdout } = await new Deno.Command("sh", { args: ["-c", line], cwd: ROOT }).output();
  return new TextDecoder().decode(stdout);
}
