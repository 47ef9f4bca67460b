/** The programs that build images: docker, podman or buildah. */

/** How a program that builds images is called. */
export interface Engine {
  readonly name: string;
  /** Succeeds when the program is there and can build. */
  readonly probe: readonly string[];
  /** Writes the image as an archive to standard output. */
  readonly save: (image: string) => readonly string[];
}

const ENGINES: readonly Engine[] = [
  { name: "docker", probe: ["info"], save: (image) => ["save", image] },
  { name: "podman", probe: ["info"], save: (image) => ["save", image] },
  {
    name: "buildah",
    probe: ["info"],
    save: (image) => ["push", "--quiet", image, `docker-archive:/dev/stdout:${image}`],
  },
];

/** Whether a command exists and ends well. */
export type Succeeds = (program: string, args: readonly string[]) => Promise<boolean>;

/**
 * The first program that works: a docker client without its daemon does not.
 *
 * @throws {Error} when there is none
 */
export async function findEngine(succeeds: Succeeds): Promise<Engine> {
  for (const engine of ENGINES) {
    if (await succeeds(engine.name, engine.probe)) return engine;
  }
  throw new Error("Neither docker nor podman nor buildah works here");
}
