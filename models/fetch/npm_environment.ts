/** Reads the environment variables that configure npm's registry and proxy. */

import type { Environment } from "../../shared/env.ts";

/** Registry and proxies. For a missing field, npm's default applies. */
export interface NpmEnvironment {
  readonly registry?: string;
  readonly proxy?: string;
  readonly httpsProxy?: string;
  readonly noProxy?: string;
}

/**
 * Reads npm_config_registry, npm_config_proxy, npm_config_https_proxy and npm_config_noproxy, in
 * lower or upper case. Does not read HTTPS_PROXY, HTTP_PROXY and NO_PROXY, because pacote reads
 * them.
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
