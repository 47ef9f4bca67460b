/** Reads the command line of the program that makes keys. */

import { parseArgs } from "node:util";
import { describeArgumentError } from "../../shared/argument_error.ts";
import type { ObjectName } from "./secret_file.ts";

/** The keys to make. Each part can be left out. */
export interface KeysOptions {
  /** Keys of worker tokens. */
  readonly token?: { readonly privateKeys: ObjectName; readonly publicKeys: ObjectName };
  /** Keys that encrypt templates. */
  readonly templateKeys?: ObjectName;
  /** Keys of callers. */
  readonly apiKeys?: {
    readonly keysFile: ObjectName;
    readonly adminKey: ObjectName;
    readonly testKey: ObjectName;
  };
}

/** Options that are only given together. */
const GROUPS = [
  ["token-private", "token-public"],
  ["template-keys"],
  ["api-keys", "admin-key", "test-key"],
] as const;

type OptionName = typeof GROUPS[number][number];

/**
 * Reads the command line.
 *
 * @returns The options, or a sentence without a period that says what is wrong
 */
export function readKeysOptions(args: string[]): KeysOptions | { readonly wrong: string } {
  let values: Partial<Record<OptionName, string>>;
  try {
    const options = Object.fromEntries(
      GROUPS.flat().map((name) => [name, { type: "string" }] as const),
    ) as Record<OptionName, { type: "string" }>;
    ({ values } = parseArgs({ args, options }));
  } catch (error) {
    return { wrong: describeArgumentError(error) };
  }
  const names: Partial<Record<OptionName, ObjectName>> = {};
  for (const group of GROUPS) {
    const given = group.filter((name) => values[name] !== undefined);
    if (given.length !== 0 && given.length !== group.length) {
      return { wrong: `Give ${group.map((name) => `--${name}`).join(" and ")} together` };
    }
    for (const name of given) {
      const object = objectName(values[name]!);
      if (object === undefined) return { wrong: `--${name} must be NAMESPACE/NAME` };
      names[name] = object;
    }
  }
  const {
    "token-private": privateKeys,
    "token-public": publicKeys,
    "template-keys": templateKeys,
    "api-keys": keysFile,
    "admin-key": adminKey,
    "test-key": testKey,
  } = names;
  if (Object.keys(names).length === 0) return { wrong: "There is nothing to make" };
  return {
    ...privateKeys && publicKeys && { token: { privateKeys, publicKeys } },
    ...templateKeys && { templateKeys },
    ...keysFile && adminKey && testKey && { apiKeys: { keysFile, adminKey, testKey } },
  };
}

function objectName(text: string): ObjectName | undefined {
  const [, namespace, name] = /^([a-z0-9-]+)\/([a-z0-9.-]+)$/.exec(text) ?? [];
  return namespace !== undefined && name !== undefined ? { namespace, name } : undefined;
}
