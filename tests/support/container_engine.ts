/** Reads container images with Docker, Podman or Buildah. */

import { runProgram, succeeds } from "./run_program.ts";

/** A program that stores images, such as Docker. */
export interface ContainerEngine {
  /** Returns the absolute paths of all files in a folder of the image. */
  listFiles(image: string, folder: string): Promise<string[]>;
  /** Returns the size of the image in bytes, compressed as registries store it. */
  compressedBytes(image: string): Promise<number>;
}

/**
 * Returns the first program that has the image.
 *
 * @throws {Error} when no program has it
 */
export function findEngine(image: string): ContainerEngine {
  for (const program of ["docker", "podman"]) {
    if (succeeds(program, "image", "inspect", image)) return new Docker(program);
  }
  if (succeeds("buildah", "inspect", "--type=image", image)) return new Buildah();
  throw new Error(`Neither docker nor podman nor buildah has the image ${image}`);
}

class Docker implements ContainerEngine {
  readonly #program: string;

  /** @param program `docker` or `podman`, which have the same commands */
  constructor(program: string) {
    this.#program = program;
  }

  async listFiles(image: string, folder: string): Promise<string[]> {
    const find = ["--rm", "--entrypoint=find", image, folder, "-type", "f"];
    return lines(await run(this.#program, "run", ...find));
  }

  compressedBytes(image: string): Promise<number> {
    return compressedOutput(this.#program, "save", image);
  }
}

/** Buildah needs no daemon, so it can build images on a machine without Docker. */
class Buildah implements ContainerEngine {
  async listFiles(image: string, folder: string): Promise<string[]> {
    const container = (await run("buildah", "from", "--pull-never", image)).trim();
    await using _container = {
      [Symbol.asyncDispose]: async () => void await run("buildah", "rm", container),
    };
    return lines(await run("buildah", "run", container, "--", "find", folder, "-type", "f"));
  }

  compressedBytes(image: string): Promise<number> {
    return compressedOutput("buildah", "push", "--quiet", image, `docker-archive:/dev/stdout`);
  }
}

const lines = (text: string): string[] => text.trimEnd().split("\n").toSorted();

async function run(program: string, ...args: string[]): Promise<string> {
  const { ok, text } = await runProgram(program, args);
  if (!ok) throw new Error(`${program} ${args[0]}: ${text}`);
  return text;
}

/** Runs a program and returns the size of its output after gzip, in bytes. */
async function compressedOutput(program: string, ...args: string[]): Promise<number> {
  const child = new Deno.Command(program, { args, stdout: "piped" }).spawn();
  let bytes = 0;
  for await (const chunk of child.stdout.pipeThrough(new CompressionStream("gzip"))) {
    bytes += chunk.byteLength;
  }
  if (!(await child.status).success) throw new Error(`${program} ${args[0]} failed`);
  return bytes;
}
