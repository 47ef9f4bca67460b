/**
 * The command `deno task image [TAG] [build arguments]`: builds both images and prints how large
 * each is, compressed as a registry holds it.
 */

import project from "../deno.json" with { type: "json" };
import { type Engine, findEngine } from "./engine.ts";

const SERVICES = [
  { service: "api", limitBytes: 120_000_000 },
  { service: "worker", limitBytes: 150_000_000 },
];

const given = Deno.args[0];
const tag = given === undefined || given.startsWith("-") ? project.version : given;
const buildArgs = tag === given ? Deno.args.slice(1) : Deno.args;

try {
  const engine = await findEngine(succeeds);
  for (const { service, limitBytes } of SERVICES) {
    const image = `face-it/${service}:${tag}`;
    const file = `${service}/Dockerfile`;
    await run(engine.name, ["build", "-t", image, "-f", file, ...buildArgs, "."]);
    const bytes = await compressedBytes(engine, image);
    console.log(`${image}: ${megabytes(bytes)} compressed, limit ${megabytes(limitBytes)}`);
    if (bytes > limitBytes) throw new Error(`${image} is too large`);
  }
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  Deno.exit(1);
}

async function succeeds(program: string, args: readonly string[]): Promise<boolean> {
  try {
    const command = new Deno.Command(program, { args: [...args], stdout: "null", stderr: "null" });
    return (await command.output()).success;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return false;
    throw error;
  }
}

async function run(program: string, args: string[]): Promise<void> {
  const { success } = await new Deno.Command(program, { args }).spawn().status;
  if (!success) throw new Error(`${program} ${args[0]} failed`);
}

async function compressedBytes(engine: Engine, image: string): Promise<number> {
  const save = new Deno.Command(engine.name, { args: [...engine.save(image)], stdout: "piped" })
    .spawn();
  let bytes = 0;
  for await (const chunk of save.stdout.pipeThrough(new CompressionStream("gzip"))) {
    bytes += chunk.byteLength;
  }
  if (!(await save.status).success) throw new Error(`${image} cannot be read back`);
  return bytes;
}

function megabytes(bytes: number): string {
  return `${Math.round(bytes / 1e6)} MB`;
}
