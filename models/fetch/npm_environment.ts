/** The variables by which npm is told where its registry is. */

import type { Environment } from "../../shared/env.ts";

/** Where packages come from; what is left out is npm's default. */
export interface NpmEnvironment {
  readonly registry?: string;
  readonly proxy?: string;
  readonly httpsProxy?: string;
  readonly noProxy?: string;
}

/**
 * Reads npm_config_registry, npm_config_proxy, npm_config_https_proxy and npm_config_noproxy, in
 * lower or upper case. HTTPS_PROXY, HTTP_PROXY and NO_PROXY need no reading: pacote knows them.
 */
export function readNpmEnvironment(env: Environment): NpmEnvironment {
  const config = (name: string) =>
    env.get(`npm_config_${name}`) || env.get(`NPM_CONFIG_${name.toUpperCase()}`);
  const registry = config("registry");
  const proxy = config("proxy");
  const httpsProxy = config("https_proxy");
  const noProxy = config("noproxy");
  return {
    ...(registry && { registry }),
    ...(proxy && { proxy }),
    ...(httpsProxy && { httpsProxy }),
    ...(noProxy && { noProxy }),
  };
}
